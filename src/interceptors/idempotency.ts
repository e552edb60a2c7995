import { createHash } from "node:crypto";
import type { Layer } from "../core/call.js";
import { canonicalJson } from "../core/json.js";
import { type KeyedCall, keyedCall } from "../core/work.js";

/** Server side: gives a keyed call its identity, for the commit that stores its reply. */
export const idempotency = (): Layer => ({
  role: "idempotency",
  why: "After validation and before the service: the key is bound to the input as it was checked, before a handler can change it.",
  enter(call) {
    const key = call.context.idempotencyKey;
    if (key === undefined) return call;
    const identity: KeyedCall = {
      procedure: `${call.service}.${call.method}`,
      principal: call.context.principal?.id ?? "",
      key,
      inputHash: createHash("sha256").update(canonicalJson(call.input)).digest("base64url"),
    };
    call.context.local.set(keyedCall, identity);
    return call;
  },
});
