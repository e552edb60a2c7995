import { createHash } from "node:crypto";
import type { Call, Handler, Layer, Reply } from "../core/call.js";
import { errorFrom, errorMessageOf } from "../core/message.js";
import { isError } from "../core/error.js";
import { canonicalJson } from "../core/json.js";
import { type Answers, type KeyedCall, keyedCall, provisional, type StoredReply } from "../core/work.js";

/** Server side: a call with a key is carried out once, and its repeats get the same answer. */
export const idempotency = (answers: Answers | undefined): Layer => ({
  role: "idempotency",
  why: "After validation and before the service: the key is bound to the input as it was checked, before a handler can change it.",
  interceptor: (next) => (call) =>
    answers === undefined || call.context.idempotencyKey === undefined ? next(call) : once(call, answers, next),
});

async function once(call: Call, answers: Answers, next: Handler): Promise<Reply> {
  const identity: KeyedCall = {
    procedure: `${call.service}.${call.method}`,
    principal: call.context.principal?.id ?? "",
    key: call.context.idempotencyKey!,
    inputHash: createHash("sha256").update(canonicalJson(call.input)).digest("base64url"),
  };
  const known = await answers.answerTo(identity);
  if (known !== undefined) {
    if ("error" in known) throw errorFrom(known.error);
    return { output: known.output };
  }
  // What is committed is committed: where the answer cannot be kept, a repeat goes from the commit's result to it again.
  const keep = (answer: StoredReply) => answers.keepAnswer(identity, answer).catch(() => undefined);
  call.context.local.set(keyedCall, identity);
  try {
    const reply = await next(call);
    if (!call.context.knows(provisional)) await keep({ output: reply.output ?? null });
    return reply;
  } catch (error) {
    // A refusal that the contract declares is an answer; what may pass, or is a bug, is none.
    const isAnswer = isError(error) && error.reason !== undefined && error.domain === call.service;
    if (isAnswer) await keep({ error: errorMessageOf(error) });
    throw error;
  }
}
