import assert from "node:assert/strict";
import { type CallContext, isError, type PangaeaError } from "pangaea";
import type { TestSystem } from "pangaea/testing";
import { front, probe } from "./probe.js";

/** One thing that holds for every call, wherever the service runs. */
export interface SemanticsCase {
  readonly title: string;
  readonly run: (system: TestSystem) => Promise<void>;
}

const clients = (system: TestSystem) => {
  const caller = [...system.processes.keys()][0]!;
  return { probe: system.client(probe, caller), front: system.client(front, caller), ctx: system.context() };
};

async function failureOf(call: Promise<unknown>): Promise<PangaeaError> {
  const result = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(isError(result), `expected an error of ours, got ${String(result)}`);
  return result;
}

/** Asks until `holds` or the time is up; what has been sent may be under way. */
async function eventually(what: string, holds: () => Promise<boolean>, withinMs = 5_000): Promise<void> {
  const giveUp = performance.now() + withinMs;
  while (!(await holds())) {
    assert.ok(performance.now() < giveUp, `${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const refused: Record<string, unknown> = {
  "a Date": new Date(0),
  "a Map": new Map(),
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "a BigInt": 1n,
  "a function": () => {},
  "a symbol": Symbol("s"),
  "a class instance": new (class Thing {
    readonly name = "thing";
  })(),
};

const circular: { self?: unknown } = {};
circular.self = circular;

let unique = 0;
const id = () => `${process.pid}-${++unique}`;

export const semanticsCases: readonly SemanticsCase[] = [
  {
    title: "refuses an input that the contract does not allow, before the handler runs, and says where it is wrong",
    async run(system) {
      const { probe, ctx } = clients(system);
      const before = (await probe.kept({}, ctx)).calls;
      const error = await failureOf(probe.shout({ text: "" }, ctx));
      assert.equal(error.code, "invalid_argument");
      assert.equal(error.outcome, "not-executed");
      const { violations } = error.details as { violations: { path: string }[] };
      assert.deepEqual(
        violations.map(({ path }) => path),
        ["text"],
      );
      await failureOf(probe.shout({} as { text: string }, ctx));
      assert.equal((await probe.kept({}, ctx)).calls, before);
    },
  },
  {
    title: "fills defaults, strips unknown keys and drops undefined ones",
    async run(system) {
      const { probe, ctx } = clients(system);
      const input = { text: "a", unknown: "stripped", times: undefined };
      assert.deepEqual(await probe.shout(input, ctx), { text: "A" });
      assert.deepEqual(await probe.break({ how: "text" }, ctx), { text: "fine" });
    },
  },
  {
    title: "turns -0 into 0 and keeps absent and present apart",
    async run(system) {
      const { probe, ctx } = clients(system);
      assert.deepEqual(await probe.number({ value: -0 }, ctx), { negative: false, present: true });
      assert.deepEqual(await probe.number({ value: undefined }, ctx), { negative: false, present: false });
    },
  },
  {
    title: "refuses values that JSON cannot carry, even under keys that the contract does not know",
    async run(system) {
      const { probe, ctx } = clients(system);
      for (const [what, value] of Object.entries(refused)) {
        const error = await failureOf(probe.shout({ text: "a", more: [value] } as { text: string }, ctx));
        assert.equal(error.code, "invalid_argument", what);
        assert.match(error.message, /more\[0\]/, what);
      }
      const error = await failureOf(probe.shout({ text: "a", circular } as { text: string }, ctx));
      assert.match(error.message, /circular/);
    },
  },
  {
    title: "answers internal, and nothing of the value, when a service breaks its own contract",
    async run(system) {
      const { probe, ctx } = clients(system);
      const error = await failureOf(probe.break({ how: "output" }, ctx));
      assert.equal(error.code, "internal");
      assert.equal(error.details, undefined);
    },
  },
  {
    title:
      "never shows the callee's changes of its input to the caller, nor the caller's changes of a reply to the service",
    async run(system) {
      const { probe, ctx } = clients(system);
      const input = { tags: ["mine"], inner: { count: 1 } };
      const reply = await probe.keep(input, ctx);
      assert.deepEqual(input, { tags: ["mine"], inner: { count: 1 } });
      assert.deepEqual(reply, { tags: ["mine", "changed by the callee"], inner: { count: 2 } });
      reply.tags.push("changed by the caller");
      reply.inner.count = 99;
      assert.deepEqual((await probe.kept({}, ctx)).last, {
        tags: ["mine", "changed by the callee"],
        inner: { count: 2 },
      });
    },
  },
  {
    title: "sends the input as it was when the call was made",
    async run(system) {
      const { probe, ctx } = clients(system);
      const input = { tags: ["before"], inner: { count: 0 } };
      const reply = probe.keep(input, ctx);
      input.tags[0] = "after";
      assert.equal((await reply).tags[0], "before");
    },
  },
  {
    title: "gives every call a default of its own",
    async run(system) {
      const { probe, ctx } = clients(system);
      assert.equal((await probe.keep({ tags: [] }, ctx)).inner.count, 1);
      assert.equal((await probe.keep({ tags: [] }, ctx)).inner.count, 1);
    },
  },
  {
    title: "carries a declared error with reason and details",
    async run(system) {
      const { probe: client, ctx } = clients(system);
      const error = await failureOf(client.break({ how: "declared" }, ctx));
      assert.ok(isError(error, probe.errors.REFUSED));
      assert.deepEqual(
        { code: error.code, details: error.details, outcome: error.outcome },
        { code: "failed_precondition", details: { why: "because" }, outcome: "failed" },
      );
    },
  },
  {
    title: "turns undeclared errors and exceptions into internal and tells nothing of them",
    async run(system) {
      const { probe, ctx } = clients(system);
      for (const how of ["throw", "undeclared"] as const) {
        const error = await failureOf(probe.break({ how }, ctx));
        assert.deepEqual({ code: error.code, reason: error.reason }, { code: "internal", reason: undefined });
        assert.doesNotMatch(JSON.stringify([error.message, error.details]), /secret|sql|row/);
      }
    },
  },
  {
    title: "lets a neighbour's error through where the contract takes it over, and nowhere else",
    async run(system) {
      const { front: client, ctx } = clients(system);
      assert.ok(isError(await failureOf(client.pass({ how: "declared" }, ctx)), front.errors.REFUSED));
      assert.equal((await failureOf(client.pass({ how: "throw" }, ctx))).code, "internal");
      const error = await failureOf(client.passUndeclared({}, ctx));
      assert.equal(error.code, "internal", "a wrong call of a neighbour is not the caller's fault");
    },
  },
  {
    title: "hands a deadline on, shrunk, and never a later one than the caller's",
    async run(system) {
      const { front } = clients(system);
      const { own, nested } = (await front.relay({ to: "remaining" }, system.context(2_000))) as {
        own: { remainingMs: number };
        nested: { remainingMs: number };
      };
      assert.ok(own.remainingMs <= 2_000, `${own.remainingMs}`);
      assert.ok(
        nested.remainingMs <= own.remainingMs && nested.remainingMs > 0,
        `${nested.remainingMs} of ${own.remainingMs}`,
      );
    },
  },
  {
    title: "settles a call at its deadline and tells the handler, two hops away, to stop",
    async run(system) {
      const { front, probe, ctx } = clients(system);
      const name = id();
      const error = await failureOf(front.relay({ to: "hang", id: name }, system.context(1_000)));
      assert.equal(error.code, "deadline_exceeded");
      assert.equal(error.outcome, "unknown");
      await eventually("the handler is told to stop", async () => (await probe.aborted({ id: name }, ctx)).aborted);
    },
  },
  {
    title: "begins no call whose deadline has passed",
    async run(system) {
      const { probe, ctx } = clients(system);
      const before = (await probe.kept({}, ctx)).calls;
      const late: CallContext = system.context(0);
      const error = await failureOf(probe.shout({ text: "late" }, late));
      assert.deepEqual([error.code, error.outcome], ["deadline_exceeded", "not-executed"]);
      assert.equal((await probe.kept({}, ctx)).calls, before);
    },
  },
  {
    title: "cancels nested calls when the caller gives up",
    async run(system) {
      const { front, probe, ctx } = clients(system);
      const name = id();
      const context = system.context(30_000);
      const call = failureOf(front.relay({ to: "hang", id: name }, context));
      setTimeout(() => context.cancellation.cancel(), 50);
      assert.equal((await call).code, "canceled");
      await eventually("the handler is told to stop", async () => (await probe.aborted({ id: name }, ctx)).aborted);
    },
  },
  {
    title: "gives each hop a span of its own in one trace, and hands headers on, but never the idempotency key",
    async run(system) {
      const { front } = clients(system);
      const ctx = system.context();
      ctx.deriveHeaders(() => ({
        "x-request-id": "request-1",
        traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
      }));
      const { own, nested } = (await front.relay({ to: "context" }, ctx, { idempotencyKey: "key-1" })) as {
        own: { headers: Record<string, string>; key: string };
        nested: { headers: Record<string, string>; key: string | null };
      };
      assert.equal(own.key, "key-1");
      assert.equal(nested.key, null);
      assert.equal(nested.headers["x-request-id"], "request-1");
      const [outer, inner] = [own, nested].map(({ headers }) => headers.traceparent!.split("-"));
      assert.deepEqual([outer![1], inner![1]], ["a".repeat(32), "a".repeat(32)]);
      assert.notEqual(outer![2], inner![2]);
    },
  },
  {
    title: "goes on with the caller's fallback where the system fails, and with nothing else",
    async run(system) {
      const { front, probe, ctx } = clients(system);
      assert.deepEqual(await front.lean({ how: "text" }, ctx), { text: "whole" });
      assert.deepEqual(await front.lean({ how: "throw" }, ctx), { text: "not whole: internal" });
      assert.deepEqual(await front.lean({ how: "hang", waitMs: 50 }, ctx), { text: "not whole: deadline_exceeded" });
      assert.equal((await failureOf(front.lean({ how: "declared" }, ctx))).reason, "REFUSED");
      assert.equal((await failureOf(front.lean({ how: "spoilt" }, ctx))).code, "internal");
      assert.equal((await failureOf(probe.fragile({ how: "throw" }, ctx))).code, "internal", "another caller's");
    },
  },
  {
    title: "refuses a call of another module inside a commit",
    async run(system) {
      const { front, ctx } = clients(system);
      assert.deepEqual(await front.callInCommit({}, ctx), { text: "failed_precondition" });
    },
  },
  {
    title: "gives the first reply again under the same key, and refuses the key with another input",
    async run(system) {
      const { front, ctx } = clients(system);
      const key = { idempotencyKey: id() };
      const first = await front.count({ by: 1 }, ctx, key);
      assert.deepEqual(await front.count({ by: 1 }, ctx, key), first);
      assert.deepEqual(await front.count({ by: 1 }, ctx), { total: first.total + 1 });
      assert.equal((await failureOf(front.count({ by: 2 }, ctx, key))).reason, "IDEMPOTENCY_KEY_REUSED");
      const [one, two] = await Promise.all(
        [1, 2].map(() => front.count({ by: 1 }, ctx, { idempotencyKey: `${key.idempotencyKey}-both` })),
      );
      assert.deepEqual(one, two);
    },
  },
  {
    title: "leaves no trace of a call with the work it was part of, whether it was answered or refused",
    async run(system) {
      const [client, ctx] = [system.client(front), system.context(20_000)];
      await client.count({ by: 1 }, ctx, { idempotencyKey: id() });
      assert.equal(ctx.cancellation.followers, 0, "answered");
      await assert.rejects(client.count({ by: "one" as never }, ctx));
      assert.equal(ctx.cancellation.followers, 0, "refused before it was sent");
      await assert.rejects(client.count({ by: 1 }, ctx, { deadlineMs: 0 }));
      assert.equal(ctx.cancellation.followers, 0, "not begun");
    },
  },
  {
    title: "keeps the promise of a key from whichever process it is called",
    async run(system) {
      for (const caller of system.processes.keys()) {
        const [client, ctx, key] = [system.client(front, caller), system.context(), { idempotencyKey: id() }];
        const first = await client.count({ by: 1 }, ctx, key);
        assert.deepEqual(await client.count({ by: 1 }, ctx, key), first, `called from ${caller}`);
      }
    },
  },
  {
    title: "brings a best-effort event to a subscriber that listens",
    async run(system) {
      const { front, probe, ctx } = clients(system);
      const text = id();
      await eventually("the whisper is heard", async () => {
        await front.whisper({ text }, ctx);
        return (await probe.heard({}, ctx)).whispers.includes(text);
      });
    },
  },
  {
    title: "serves a caller that was written against an older version that the contract accepts",
    async run(system) {
      const older = { ...probe, version: 1 };
      const client = system.client(older, [...system.processes.keys()][0]);
      assert.deepEqual(await client.shout({ text: "a" }, system.context()), { text: "A" });
    },
  },
  {
    title: "refuses a caller that was written against another version, before the handler runs, and names both",
    async run(system) {
      const newer = { ...probe, version: 3 };
      const error = await failureOf(
        system.client(newer, [...system.processes.keys()][0]).shout({ text: "a" }, system.context()),
      );
      assert.equal(error.code, "failed_precondition");
      // Over a network nothing is sent: the registry has said which versions there are.
      assert.match(error.outcome, /^not-(executed|sent)$/);
      assert.match(error.message, /probe is served .*version 2.* was asked as version 3/);
    },
  },
];
