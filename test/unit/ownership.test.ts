import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootContext } from "pangaea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { run } from "../../src/storage/run.js";
import { HandClock } from "./hand-clock.js";
import { openStore } from "./open-store.js";

let dataDir: string;
let clock: HandClock;
let opened: ModuleStore[];
let lost: string[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "ownership-"));
  clock = new HandClock();
  [opened, lost] = [[], []];
});
afterEach(async () => {
  // In turn: on a clock that stands still nobody would come out of waiting for the other's lock.
  for (const store of opened) await store.close();
  rmSync(dataDir, { recursive: true });
});

async function open(name: string, ownClock = clock): Promise<ModuleStore> {
  const store = await openStore({
    module: "things",
    dataDir,
    clock: ownClock,
    listener: { ownershipLost: () => lost.push(name) },
  });
  opened.push(store);
  return store;
}
const commit = (store: ModuleStore) => store.commit(rootContext(clock, 1_000), () => Promise.resolve("done"));
const outcome = (promise: Promise<unknown>): Promise<any> => promise.catch((error: unknown) => error);
const epochs = async (store: ModuleStore) =>
  (await run<{ epoch: number }>(store.read, "select epoch from pangaea_lease")).rows.map(({ epoch }) => epoch);

describe("a module's data", () => {
  it("has a new epoch with each owner, who begins at once where the one before has left", async () => {
    const first = await open("first");
    expect(await epochs(first)).toEqual([1]);
    await first.close();
    const second = await open("second");
    expect(await epochs(second)).toEqual([2]);
    expect(await commit(second)).toBe("done");
  });

  it("is refused while its owner lives, naming it", async () => {
    await open("first");
    let error: Error | undefined;
    void open("second").catch((thrown: Error) => (error = thrown));
    await clock.until(() => error !== undefined, 30_000, 100);
    expect(error!.message).toMatch(
      /^The data of things \(.*things\.db\) belongs to a running process \(\d+ on .+\); stop that one first\.$/,
    );
    expect(await commit(opened[0]!)).toBe("done");
    expect(lost).toEqual([]);
  });

  it("is taken over from an owner that shows no sign of life, who then cannot write any more", async () => {
    // Its clock stands still, as that of a paused process.
    const paused = await open("paused", new HandClock());
    let second: ModuleStore | undefined;
    void open("second").then((store) => (second = store));
    await clock.until(() => second !== undefined, 10_000, 100);
    expect(clock.now()).toBeGreaterThanOrEqual(4_000);
    expect(await commit(second!)).toBe("done");
    expect(await outcome(commit(paused))).toMatchObject({ code: "unavailable", outcome: "not-executed" });
    expect(lost).toEqual(["paused"]);
    expect(await outcome(paused.update((db) => run(db, "delete from pangaea_outbox")))).toMatchObject({
      code: "unavailable",
    });
  });

  it("is taken over at once from an owner whose process has ended", async () => {
    const first = await open("first");
    const ended = JSON.stringify({ ...JSON.parse((await holder(first))!), pid: 2 ** 22 + 1 });
    await first.update((db) => run(db, "update pangaea_lease set holder = ?", [ended]));
    const before = clock.now();
    await open("second");
    expect(clock.now()).toBe(before);
  });
});

const holder = async (store: ModuleStore) =>
  (await run<{ holder: string | null }>(store.read, "select holder from pangaea_lease")).rows[0]?.holder;
