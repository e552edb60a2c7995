import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Call,
  type Context,
  defineContract,
  errorOf,
  fail,
  type Handler,
  mutation,
  provisional,
  rootContext,
  wrap,
} from "pangaea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { idempotency } from "../../src/interceptors/idempotency.js";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { HandClock } from "./hand-clock.js";
import { openStore } from "./open-store.js";

const things = defineContract("things", 1, {
  procedures: { make: mutation({ summary: "Makes.", input: z.json(), output: z.json() }) },
  errors: { UNKNOWN_MAKER: { code: "not_found" } },
});

let dataDir: string;
let clock: HandClock;
let store: ModuleStore;
let runs: number;
/** What the service does with the call, the how-manieth run it is. */
let serve: (call: Call, run: number) => Promise<unknown>;
let handler: Handler;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "idempotency-"));
  clock = new HandClock();
  store = await openStore({ module: "things", dataDir, clock });
  runs = 0;
  serve = (_call, run) => Promise.resolve({ run });
  handler = wrap([idempotency(store)], async (call) => ({ output: await serve(call, ++runs) }));
});
afterEach(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

const ask = (key: string | undefined, input: unknown = { a: 1 }, principal = "p"): Promise<any> => {
  const context: Context = rootContext(clock, 5_000, { idempotencyKey: key, principal: { id: principal, scopes: [] } });
  const call: Call = {
    kind: "request",
    service: "things",
    version: 1,
    method: "make",
    input,
    effect: "mutation",
    attempt: 1,
    caller: "test",
    context,
  };
  return handler(call).then(
    ({ output }) => output,
    (error: unknown) => error,
  );
};

describe("a call with a key", () => {
  it("is answered as before, without running the service: in whatever order the input's fields come", async () => {
    expect(await ask("k", { a: 1, b: 2 })).toEqual({ run: 1 });
    expect(await ask("k", { b: 2, a: 1 })).toEqual({ run: 1 });
    expect(runs).toBe(1);
  });

  it("is another one for another principal, and without a key each is its own", async () => {
    const answers = [await ask("k"), await ask("k", { a: 1 }, "q"), await ask(undefined), await ask(undefined)];
    expect(answers).toEqual([{ run: 1 }, { run: 2 }, { run: 3 }, { run: 4 }]);
  });

  it("is refused with another input", async () => {
    await ask("k");
    expect(await ask("k", { a: 2 })).toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
    expect(runs).toBe(1);
  });

  it("is refused again as it was refused before it committed anything", async () => {
    serve = (_call, run) => (run === 1 ? Promise.reject(fail(things.errors.UNKNOWN_MAKER)) : Promise.resolve("made"));
    expect(await ask("k")).toMatchObject({ reason: "UNKNOWN_MAKER" });
    expect(await ask("k")).toMatchObject({ reason: "UNKNOWN_MAKER", domain: "things", code: "not_found" });
    expect(runs).toBe(1);
  });

  it("is carried out where it failed in passing, or by a bug", async () => {
    serve = (_call, run) => {
      if (run === 1) return Promise.reject(errorOf("unavailable", "away"));
      return run === 2 ? Promise.reject(new Error("bug")) : Promise.resolve("made");
    };
    expect(await ask("k")).toMatchObject({ code: "unavailable" });
    expect(await ask("k")).toBeInstanceOf(Error);
    expect(await ask("k")).toBe("made");
  });

  it("goes from what was committed to a new answer where the first was given before the work had ended", async () => {
    serve = async ({ context }, run) => {
      const id = await store.commit(context, () => Promise.resolve(`id ${run}`));
      if (run === 1) context.local.set(provisional, true);
      return { id, status: run === 1 ? "pending" : "done" };
    };
    expect(await ask("k")).toEqual({ id: "id 1", status: "pending" });
    expect(await ask("k")).toEqual({ id: "id 1", status: "done" });
    expect(await ask("k")).toEqual({ id: "id 1", status: "done" });
    expect(runs).toBe(2);
  });

  it("is forgotten after 24 hours", async () => {
    await ask("k");
    clock.jump(24 * 60 * 60 * 1000);
    expect(await ask("k", { a: 2 })).toEqual({ run: 2 });
    expect(await ask("k", { a: 2 })).toEqual({ run: 2 });
  });
});
