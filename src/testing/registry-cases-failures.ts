import assert from "node:assert/strict";
import { type Clock, sleep } from "../core/index.js";
import { ifServer, instance, longLease, names, registryCase, type RegistryCase } from "./registry-subject.js";

const heartbeatsPass = (clock: Clock, count: number) => sleep(clock, count * longLease.heartbeatMs);

/** What every registry keeps when its server fails or lies. */
export const failureCases: readonly RegistryCase[] = [
  registryCase(
    "lets a process start while the server is away, says what is missing, and registers it when the server is there",
    longLease,
    async ({ process, watch, server, soon, clock }) => {
      await server.kill();
      const registry = process();
      const watched = watch(registry);
      assert.ok(registry.missing, "it says that it is missing");
      await soon("registering without a registry", registry.register(instance("oak")));
      assert.equal(names(watched.last), "");
      await server.restart();
      await watched.until("it is registered", (list) => names(list) === "oak-1");
      // Who watches may see the record before who wrote it has been told so.
      while (registry.missing !== undefined) await heartbeatsPass(clock, 1);
    },
    ifServer,
  ),
  registryCase(
    "leaves everybody on what they last knew while the server is dead, and when it comes back empty",
    longLease,
    async ({ process, watch, server, clock }) => {
      const [oak, ash] = [process(), process()];
      await oak.register(instance("oak"));
      await ash.register(instance("ash"));
      const watched = watch(ash);
      await watched.until("both are there", (list) => names(list) === "ash-1 oak-1");
      while (ash.missing !== undefined) await heartbeatsPass(clock, 1);
      const before = watched.lists.length;
      await server.kill();
      await heartbeatsPass(clock, 5);
      assert.equal(ash.missing, undefined, "who has started does not wait for it again");
      await server.restart();
      const newcomer = process();
      await newcomer.register(instance("yew"));
      await watched.until("a newcomer is seen", (list) => names(list) === "ash-1 oak-1 yew-1");
      for (const list of watched.lists.slice(before)) assert.match(names(list), /ash-1 oak-1/);
      // The newcomer has never seen the old server: the others have registered again.
      await watch(newcomer).until("the others are there again", (list) => names(list) === "ash-1 oak-1 yew-1");
    },
    ifServer,
  ),
  registryCase(
    "registers everybody again after the server was wiped, and nobody misses anybody meanwhile",
    longLease,
    async ({ process, watch, server }) => {
      const [oak, ash] = [process(), process()];
      await oak.register(instance("oak"));
      await ash.register(instance("ash"));
      const watched = watch(ash);
      await watched.until("both are there", (list) => names(list) === "ash-1 oak-1");
      const before = watched.lists.length;
      await server.wipe();
      await watch(process()).until("both are there again", (list) => names(list) === "ash-1 oak-1");
      for (const list of watched.lists.slice(before)) assert.equal(names(list), "ash-1 oak-1");
    },
    ifServer,
  ),
  registryCase(
    "outlasts a server that is silent: nothing hangs, nobody is missed, and changes go through afterwards",
    longLease,
    async ({ process, watch, server, soon }) => {
      const [oak, ash] = [process(), process()];
      const registration = await oak.register(instance("oak"));
      const watched = watch(ash);
      await watched.until("oak is there", (list) => names(list) === "oak-1");
      server.pause();
      try {
        await soon("an update", registration.update(instance("oak", { weight: 3 })));
        await soon("registering", ash.register(instance("ash")));
        assert.equal(names(watched.last), "oak-1");
      } finally {
        server.resume();
      }
      await watched.until("the update is seen", ([, second]) => second?.weight === 3);
    },
    ifServer,
  ),
  registryCase(
    "does not count the time in which the server was silent against anybody",
    { heartbeatMs: 100, suspectMs: 60_000, leaseMs: 61_000 },
    async ({ process, watch, server, clock }) => {
      const oak = process();
      await oak.register(instance("oak"));
      const watched = watch(oak);
      await watched.until("it is there", (list) => names(list) === "oak-1");
      server.pause();
      await heartbeatsPass(clock, 20);
      server.resume();
      await heartbeatsPass(clock, 5);
      assert.deepEqual([...new Set(watched.lists.map(names))].toSorted(), ["", "oak-1"]);
      assert.deepEqual(
        watched.last.map(({ isSuspect }) => isSuspect),
        [undefined],
      );
    },
    ifServer,
  ),
  registryCase(
    "leaves out what makes no sense and says it once",
    longLease,
    async ({ process, watch, server, clock, warnings }) => {
      const oak = process();
      await oak.register(instance("oak"));
      const good = { instance: instance("good"), beat: "a", lagMs: 0 };
      await server.plant("nonsense-1", "{");
      await server.plant("empty-1", "{}");
      await server.plant("heavy-1", JSON.stringify({ ...good, instance: instance("heavy", { weight: -1 }) }));
      await server.plant("double-1", JSON.stringify(good));
      await server.plant("good-1", JSON.stringify(good));
      const watched = watch(process());
      await watched.until("those that make sense are seen", (list) => names(list) === "good-1 oak-1");
      await heartbeatsPass(clock, 10);
      assert.equal(names(watched.last), "good-1 oak-1");
      assert.equal(warnings.filter((text) => text.includes("left out")).length, 4);
    },
    ifServer,
  ),
  registryCase(
    "takes a stale entry for a while at most, and not at all beside the one that has its address now",
    { heartbeatMs: 100, suspectMs: 1_000, leaseMs: 3_000 },
    async ({ process, watch, server }) => {
      const oak = process();
      await oak.register(instance("oak"));
      const stale = (name: string, address: string) =>
        server.plant(
          `${name}-1`,
          JSON.stringify({ instance: instance(name, { addresses: { http: address } }), beat: "a", lagMs: 0 }),
        );
      await stale("before", instance("oak").addresses.http!);
      await stale("gone", "http://10.9.9.9");
      const watched = watch(oak);
      await watched.until("all are seen at first", (list) => names(list) === "before-1 gone-1 oak-1");
      await watched.until("the predecessor is left out", (list) => names(list) === "gone-1 oak-1");
      assert.equal(watched.last.find(({ id }) => id === "gone-1")?.isSuspect, true);
      await watched.until("the other one, too", (list) => names(list) === "oak-1");
    },
    ifServer,
  ),
];
