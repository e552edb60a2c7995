import type { Handler, Reply } from "../core/call.js";
import { callFrom, errorFrom, errorMessageOf, messageOf } from "../core/message.js";

/**
 * An edge that behaves like a wire although there is none: every call and reply is turned into text and back, and every
 * call that is not a mutation is made twice, as after a lost answer. What only works in memory breaks here.
 */
export const serializedEdge =
  (edge: Handler): Handler =>
  async (call) => {
    const once = async (): Promise<Reply> => {
      const message = JSON.parse(JSON.stringify(messageOf(call))) as unknown;
      const received = callFrom(message, call.context.clock);
      const stopFollowing = call.context.cancellation.onCancel((reason) =>
        received.context.cancellation.cancel(reason),
      );
      try {
        const reply = await edge(received);
        return JSON.parse(JSON.stringify({ output: reply.output })) as Reply;
      } catch (error) {
        throw errorFrom(JSON.parse(JSON.stringify(errorMessageOf(error))));
      } finally {
        stopFollowing();
      }
    };
    if (call.effect !== "mutation") await once().catch(() => undefined);
    return once();
  };
