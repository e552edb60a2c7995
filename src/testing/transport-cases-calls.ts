import assert from "node:assert/strict";
import {
  type Call,
  codes,
  type Code,
  errorOf,
  type Handler,
  type Outcome,
  PangaeaError,
  rootContext,
} from "../core/index.js";
import { rejection } from "./conformance.js";
import { ifRemote, transportCase } from "./transport-subject.js";

const echo: Handler = (call) => Promise.resolve({ output: call.input });

/** Texts that careless encoders spoil. */
const texts = [
  "",
  "ß – 日本語",
  "👩‍👩‍👧‍👦 and 🚀",
  "\u0000\u001f\u2028\u2029",
  "lone \ud83d surrogate",
  '"\\/\b\f\n\r\t',
  "a\r\nb",
];

const nested = (depth: number): unknown => (depth === 0 ? "leaf" : { child: nested(depth - 1), list: [depth] });

/** What a call carries, there and back. */
export const callCases = [
  transportCase("answers a call with the handler's reply", async ({ line, call, soon }) => {
    const { connection } = await line((received) => Promise.resolve({ output: { got: received.input } }));
    assert.deepEqual((await soon("the reply", connection.call(call({ n: 1 })))).output, { got: { n: 1 } });
  }),

  transportCase("tells absent, null and empty values apart", async ({ line, call, soon }) => {
    const { connection } = await line(echo);
    for (const value of [null, undefined, false, 0, "", [], {}, { a: null, b: [null, ""] }]) {
      const { output } = await soon("the reply", connection.call(call(value)));
      assert.deepEqual(output, value);
    }
  }),

  transportCase("carries any text, nested and large values unchanged", async ({ line, call, soon }) => {
    const { connection } = await line(echo);
    const numbers = [Number.MAX_SAFE_INTEGER, 1e308, 5e-324, -1.5];
    for (const value of [texts, nested(60), numbers, "é".repeat(100_000), [{ big: "x".repeat(200_000) }]]) {
      const { output } = await soon("the reply", connection.call(call(value)));
      assert.deepEqual(output, value);
    }
  }),

  transportCase("a hostile key is data and changes no prototype", async ({ line, call, soon }) => {
    const { connection } = await line(() => Promise.resolve({ output: "ok" }));
    const input: unknown = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
    assert.equal((await soon("the reply", connection.call(call(input)))).output, "ok");
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  }),

  transportCase(
    "the callee does not see what the caller changes after calling",
    async ({ line, call, soon }) => {
      const { connection } = await line(echo);
      const input = { n: 1 };
      const reply = connection.call(call(input));
      input.n = 2;
      assert.deepEqual((await soon("the reply", reply)).output, { n: 1 });
    },
    ({ remote }) => (remote ? undefined : "in one process the stack's validation makes the copy"),
  ),

  transportCase(
    "service, method, version, attempt, effect, caller and context cross",
    async ({ line, call, clock, soon }) => {
      let seen: Call | undefined;
      const { connection } = await line((received) => {
        seen = received;
        return Promise.resolve({ output: null });
      });
      const context = rootContext(clock, 10_000, {
        headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x-request-id": "r ✓ 1" },
        principal: { id: "user-7", scopes: ["reports:write", "ü"] },
        idempotencyKey: "key ✓ 1",
      });
      const sent = call(null, {
        version: 7,
        attempt: 3,
        effect: "read",
        method: "look.up",
        caller: "neighbour",
        context,
      });
      await soon("the reply", connection.call(sent));
      assert.ok(seen);
      for (const field of ["kind", "service", "version", "method", "effect", "attempt", "caller"] as const) {
        assert.equal(seen[field], sent[field], field);
      }
      assert.deepEqual({ ...seen.context.headers }, context.headers);
      assert.deepEqual(seen.context.principal, context.principal);
      assert.equal(seen.context.idempotencyKey, "key ✓ 1");
      assert.equal(seen.context.event, undefined);

      await soon("a bare call", connection.call(call()));
      assert.equal(seen.context.principal, undefined);
      assert.equal(seen.context.idempotencyKey, undefined);
    },
  ),

  transportCase(
    "an event is delivered as a call whose reply is the confirmation",
    async ({ line, call, clock, soon }) => {
      let seen: Call | undefined;
      const { connection } = await line((received) => {
        seen = received;
        return Promise.resolve({ output: undefined });
      });
      const event = { id: "reports:42", key: "customer ✓", method: "reports.written", position: 42, floor: 7 };
      const context = rootContext(clock, 10_000, { event });
      const { output } = await soon(
        "the confirmation",
        connection.call(call({ n: 1 }, { kind: "event", method: event.method, context })),
      );
      assert.equal(output, undefined);
      assert.equal(seen?.kind, "event");
      assert.deepEqual(seen.context.event, event);
    },
  ),

  transportCase("the deadline crosses as the time that remains, and shrinks", async ({ line, call, clock, soon }) => {
    const { connection } = await line((received) => Promise.resolve({ output: received.context.remainingMs() }));
    const context = rootContext(clock, 10_000);
    const remaining = async () => (await soon("the reply", connection.call(call(null, { context })))).output as number;
    const first = await remaining();
    assert.ok(first <= 10_000 && first > 5_000, `remaining ${first} ms`);
    await new Promise<void>((resolve) => clock.after(50, resolve, true));
    const left = context.remainingMs();
    const second = await remaining();
    assert.ok(second <= left && second > left - 5_000, `remaining ${second} of ${left} ms`);
  }),

  transportCase(
    "an error keeps code, message, reason, domain, details, outcome and retryability",
    async ({ line, call, soon }) => {
      let thrown: PangaeaError | undefined;
      const { connection } = await line(() => Promise.reject(thrown));
      const outcomes: Outcome[] = ["not-sent", "not-executed", "failed", "unknown"];
      for (const [index, code] of (Object.keys(codes) as Code[]).entries()) {
        thrown = new PangaeaError({
          code,
          message: `because ✓ ${index}`,
          reason: "NOTHING_LEFT",
          domain: "reports",
          details: { productId: "p1", left: [index, null] },
          outcome: outcomes[index % outcomes.length],
          retryable: index % 3 !== 0,
        });
        const received = await rejection(soon("the error", connection.call(call())), code);
        for (const field of ["message", "reason", "domain", "details", "outcome", "retryable"] as const) {
          assert.deepEqual(received[field], thrown[field], `${field} of ${code}`);
        }
      }
      thrown = errorOf("unimplemented", "No such procedure.", { outcome: "not-executed" });
      const bare = await rejection(soon("the error", connection.call(call())), "unimplemented", "not-executed");
      assert.equal(bare.reason, undefined);
      assert.equal(bare.details, undefined);
    },
  ),

  transportCase("a foreign error becomes internal and tells nothing of its cause", async ({ line, call, soon }) => {
    const { connection } = await line(() => Promise.reject(new TypeError("secret: /srv/db.sqlite")));
    const error = await rejection(soon("the error", connection.call(call())), "internal", "failed");
    assert.doesNotMatch(`${error.message} ${error.stack} ${JSON.stringify(error.details)}`, /secret|TypeError/);
    const thrower = await line(() => {
      throw new Error("secret");
    });
    const second = await rejection(soon("the error", thrower.connection.call(call())), "internal", "failed");
    assert.doesNotMatch(second.message, /secret/);
  }),

  transportCase(
    "a thousand concurrent calls each get their own answer",
    async ({ line, call, clock, soon, nothingPending }) => {
      const { connection } = await line(async (received) => {
        const n = received.input as number;
        await new Promise<void>((resolve) => clock.after((n * 7919) % 23, resolve, true));
        return { output: n * 2 };
      });
      const replies = await soon(
        "all replies",
        Promise.all(Array.from({ length: 1000 }, (_, n) => connection.call(call(n)))),
      );
      assert.deepEqual(
        replies.map((reply) => reply.output),
        Array.from({ length: 1000 }, (_, n) => n * 2),
      );
      await nothingPending();
    },
  ),

  transportCase(
    "a request that is too large is refused before it is sent",
    async ({ line, call, client, soon }) => {
      let calls = 0;
      const { connection } = await line((received) => {
        calls++;
        return echo(received);
      });
      const huge = "x".repeat(client.features.maxMessageBytes + 1);
      const error = await rejection(soon("the refusal", connection.call(call(huge))), "resource_exhausted", "not-sent");
      assert.equal(error.retryable, false, "the same message would be too large again");
      assert.equal((await soon("the next call", connection.call(call("small")))).output, "small");
      assert.equal(calls, 1);
    },
    ({ maxMessageBytes }) => (Number.isFinite(maxMessageBytes) ? undefined : "there is no largest message"),
  ),

  transportCase(
    "a reply or an error that is too large becomes a typed error",
    async ({ line, call, server, soon }) => {
      const huge = "x".repeat(server.features.maxMessageBytes + 1);
      const { connection } = await line(({ input }) =>
        input === "error"
          ? Promise.reject(errorOf("not_found", "No.", { details: huge }))
          : Promise.resolve({ output: huge }),
      );
      for (const input of ["reply", "error"]) {
        const error = await rejection(
          soon("the refusal", connection.call(call(input))),
          "resource_exhausted",
          "failed",
        );
        assert.equal(error.retryable, false, "the handler would run again for nothing");
      }
    },
    ({ maxMessageBytes }) => (Number.isFinite(maxMessageBytes) ? undefined : "there is no largest message"),
  ),

  transportCase(
    "a reply that cannot be encoded becomes internal, not silence",
    async ({ line, call, soon }) => {
      const { connection } = await line(() => Promise.resolve({ output: { n: 1n } }));
      await rejection(soon("the error", connection.call(call())), "internal", "failed");
    },
    ifRemote,
  ),
];
