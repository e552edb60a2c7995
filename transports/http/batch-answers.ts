import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "../../src/core/index.js";
import { callerHeader, limitFor, limitHeader } from "./form.js";
import { FrameWriter } from "./frames.js";
import { messagesOf } from "./messages.js";
import { ReceivedCalls, type ServerParts } from "./received-calls.js";
import { refusal } from "./request.js";

/** The server's side of calls that come as the body of a POST. */
export interface BatchAnswers {
  /** Handles a batch; the answer is a stream of frames and ends when each of its calls is answered. Throws where it is none. */
  add(request: IncomingMessage, body: Buffer, response: ServerResponse): void;
}

function readBatch(body: Buffer): readonly unknown[] {
  try {
    return messagesOf(body.toString());
  } catch {
    throw refusal("invalid_argument", "The body is no batch of calls.").error;
  }
}

/** No batches yet. */
export function createBatchAnswers(parts: ServerParts & { readonly logger: Logger }): BatchAnswers {
  /** Batches that are not answered in full, by the name of their caller: a cancellation comes in a later one. */
  const open = new Map<string, Set<ReceivedCalls>>();

  return {
    add({ headers }, body, response) {
      const messages = readBatch(body);
      const caller = String(headers[callerHeader]);
      const batches = open.get(caller) ?? new Set();
      let taken = false;

      const endWhenDone = () => {
        if (!taken || calls.size > 0 || response.writableEnded) return;
        writer.flush();
        if (writer.heldLength === 0) response.end();
      };
      const writer = new FrameWriter(response, endWhenDone);
      const calls = new ReceivedCalls({
        ...parts,
        maxMessageBytes: limitFor(headers[limitHeader], parts.maxMessageBytes),
        send: (text) => writer.add(text),
        onSettled: endWhenDone,
        onCancel(id) {
          for (const batch of batches) batch.cancel(id);
        },
      });
      open.set(caller, batches.add(calls));
      response.on("close", () => {
        calls.abandon();
        batches.delete(calls);
        if (batches.size === 0 && open.get(caller) === batches) open.delete(caller);
      });
      try {
        for (const message of messages) calls.take(message);
      } catch (error) {
        parts.logger.warn("A batch of calls makes no sense; its connection was closed.", { error });
        response.destroy();
        return;
      }
      taken = true;
      response.writeHead(200, {
        "content-type": "application/octet-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        ...(parts.activity.draining ? { connection: "close" } : undefined),
      });
      endWhenDone();
    },
  };
}
