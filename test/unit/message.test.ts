import * as fc from "fast-check";
import {
  asError,
  type Call,
  callFrom,
  type CallMessage,
  errorFrom,
  errorMessageOf,
  errorOf,
  isError,
  messageOf,
  notRetryable,
  PangaeaError,
  replyFrom,
  rootContext,
} from "pangaea";
import { describe, expect, it } from "vitest";
import { HandClock } from "./hand-clock.js";

const clock = new HandClock();
const wellFormed: CallMessage = {
  kind: "request",
  service: "things",
  version: 1,
  method: "get",
  input: { id: "1" },
  effect: "read",
  attempt: 1,
  caller: "front",
  remainingMs: 1_000,
};

const refusalOf = (message: unknown): PangaeaError => {
  try {
    callFrom(message, clock);
  } catch (error) {
    if (isError(error)) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("a received call", () => {
  it.each<[string, Record<string, unknown>]>([
    ["a kind that there is not", { kind: "stream" }],
    ["no service", { service: undefined }],
    ["a method that is no text", { method: 7 }],
    ["a caller that is no text", { caller: null }],
    ["an effect that there is not", { effect: "none" }],
    ["a version that is no whole number", { version: 1.5 }],
    ["a version that is text", { version: "1" }],
    ["an attempt that is no number", { attempt: null }],
    ["no remaining time", { remainingMs: undefined }],
    ["a negative remaining time", { remainingMs: -1 }],
    ["a remaining time without end", { remainingMs: Number.POSITIVE_INFINITY }],
    ["a remaining time that is NaN", { remainingMs: Number.NaN }],
    ["more than a day left", { remainingMs: 86_400_001 }],
    ["headers that are a list", { headers: ["a"] }],
    ["a header that is no text", { headers: { a: 1 } }],
    ["headers that are null", { headers: null }],
    ["a key that is no text", { idempotencyKey: 1 }],
    ["an event without a key", { event: { id: "1" } }],
    ["an event that is null", { event: null }],
    ["a principal without scopes", { principal: { id: "p" } }],
    ["a principal with a scope that is no text", { principal: { id: "p", scopes: ["a", 1] } }],
    ["a principal that is text", { principal: "admin" }],
  ])("is refused before anything runs if it has %s", (_what, change) => {
    const error = refusalOf({ ...wellFormed, ...change });
    expect(error).toMatchObject({ code: "invalid_argument", outcome: "not-executed" });
    expect(error.message).toMatch(/^Malformed call: .+\.$/);
  });

  it.each([null, undefined, 1, "call", [], [wellFormed]])("is refused if it is %j", (message) => {
    expect(refusalOf(message).message).toBe("Malformed call: not an object.");
  });

  it("never makes anything but a call or an error of ours, whatever comes in", () => {
    const fields = fc.record(
      Object.fromEntries(
        [...Object.keys(wellFormed), "headers", "principal", "idempotencyKey", "event"].map((key) => [
          key,
          fc.oneof(fc.jsonValue(), fc.constant((wellFormed as unknown as Record<string, unknown>)[key])),
        ]),
      ),
      { requiredKeys: [] },
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fields), (message) => {
        try {
          const call = callFrom(message, clock);
          accepted++;
          expect(call.context.remainingMs()).toBeLessThanOrEqual(86_400_000);
        } catch (error) {
          expect(isError(error)).toBe(true);
        }
      }),
      { numRuns: 2_000, examples: [[wellFormed]] },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it("is the call that was sent, with what is left of its deadline", () => {
    const there = new HandClock();
    there.advance(77_777);
    const context = rootContext(clock, 800, {
      headers: { a: "ü" },
      principal: { id: "p", scopes: ["s"] },
      idempotencyKey: "k",
      event: { id: "e", key: "x", method: "things.made" },
    });
    const sent: Call = {
      ...wellFormed,
      kind: "event",
      method: "things.made",
      effect: "idempotent",
      attempt: 2,
      context,
    };
    const { context: received, ...call } = callFrom(JSON.parse(JSON.stringify(messageOf(sent))), there);
    const { context: _context, ...expected } = sent;
    expect(call).toEqual({ ...expected, remainingMs: undefined });
    expect(received).toMatchObject({
      headers: context.headers,
      principal: context.principal,
      idempotencyKey: "k",
      event: context.event,
    });
    expect(received.deadline).toBe(there.now() + context.remainingMs());
    expect(received.cancellation).not.toBe(context.cancellation);
  });
});

describe("a received error", () => {
  it("is the error that was thrown, without its cause and its stack", () => {
    const error = new PangaeaError({
      code: "unavailable",
      message: "m",
      reason: "R",
      domain: "d",
      details: { a: [1] },
      outcome: "unknown",
      cause: new Error("secret"),
    });
    const text = JSON.stringify(errorMessageOf(error));
    expect(text).not.toMatch(/secret|stack/);
    expect(errorFrom(JSON.parse(text))).toMatchObject({
      code: "unavailable",
      message: "m",
      reason: "R",
      domain: "d",
      details: { a: [1] },
      outcome: "unknown",
      retryable: true,
    });
  });

  it("says nothing of what was thrown if that was not ours", () => {
    expect(errorMessageOf(new Error("select secret"))).toEqual({
      code: "internal",
      message: "The service failed.",
      outcome: "failed",
      retryable: false,
    });
  });

  it("is an error of ours whatever comes in, and claims nothing that was not said", () => {
    fc.assert(
      fc.property(fc.anything(), (message) => {
        expect(isError(errorFrom(message))).toBe(true);
      }),
    );
    expect(errorFrom({ code: "toString", outcome: "fine", retryable: 1, message: 5 })).toMatchObject({
      code: "unknown",
      outcome: "unknown",
      retryable: false,
      reason: undefined,
    });
    expect(errorFrom({ code: "internal", retryable: true }).retryable).toBe(false);
  });

  it("is thrown out of a reply that carries one; what is no reply is an error whose outcome nobody knows", () => {
    expect(replyFrom({ output: 1 })).toEqual({ output: 1 });
    expect(() => replyFrom({ error: errorMessageOf(errorOf("aborted", "m")) })).toThrow(
      expect.objectContaining({ code: "aborted" }),
    );
    for (const other of [null, 1, "x", []])
      expect(() => replyFrom(other)).toThrow(expect.objectContaining({ code: "unknown", outcome: "unknown" }));
  });

  it("is not tried again a hop further away", () => {
    const error = errorOf("unavailable", "m");
    expect(notRetryable(error)).toMatchObject({ code: "unavailable", retryable: false });
    const settled = errorOf("internal", "m");
    expect(notRetryable(settled)).toBe(settled);
  });

  it("is what was thrown if that was ours, and else says what the place knows", () => {
    const own = errorOf("not_found", "m");
    expect(asError(own, "internal", "other", "unknown")).toBe(own);
    const thrown = new Error("why");
    expect(asError(thrown, "internal", "other", "unknown")).toMatchObject({
      code: "internal",
      message: "other",
      outcome: "unknown",
      cause: thrown,
    });
  });
});
