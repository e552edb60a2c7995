import assert from "node:assert/strict";
import { failureCases } from "./registry-cases-failures.js";
import { ifRegisters, instance, longLease, names, registryCase, type RegistryCase } from "./registry-subject.js";

export type { RegistryCase, RegistryFeatures, RegistrySubject } from "./registry-subject.js";

/**
 * What every registry keeps, as data. A test runner loops over it; a case whose `skip(features)` gives a reason does not
 * apply.
 */
export const registryCases: readonly RegistryCase[] = [
  registryCase(
    "tells a watcher at once what it knows, and nothing once it has been stopped",
    longLease,
    async (rig) => {
      const registry = rig.process();
      const watched = rig.watch(registry);
      assert.equal(watched.lists.length, 1);
      watched.stop();
      await registry.register(instance("oak"));
      await rig.watch(rig.process()).until("anything is told", () => true);
      assert.equal(watched.lists.length, 1);
    },
  ),
  registryCase(
    "shows everybody, the process itself too, all that an instance says of itself",
    longLease,
    async ({ process, watch }) => {
      const said = instance("oak", { zone: "north", weight: 2.5, accepts: { oak: 1 } });
      const [oak, ash] = [process(), process()];
      await oak.register(said);
      await ash.register(instance("ash"));
      for (const registry of [oak, ash, process()]) {
        const list = await watch(registry).until("both are seen", (seen) => names(seen) === "ash-1 oak-1");
        const { isDraining = false, isSuspect, ...seen } = list.find(({ id }) => id === "oak-1")!;
        assert.deepEqual(seen, said);
        assert.deepEqual([isDraining, isSuspect ?? false], [false, false]);
        assert.equal(registry.missing, undefined);
      }
    },
    ifRegisters,
  ),
  registryCase(
    "makes known what changes of an instance",
    longLease,
    async ({ process, watch }) => {
      const registration = await process().register(instance("oak"));
      const watched = watch(process());
      await watched.until("it is seen", (list) => names(list) === "oak-1");
      await registration.update(instance("oak", { weight: 0.25 }));
      await watched.until("its weight changes", ([first]) => first?.weight === 0.25);
      await registration.update(instance("oak", { weight: 0.25, isDraining: true }));
      await watched.until("it drains", ([first]) => first?.isDraining === true);
    },
    ifRegisters,
  ),
  registryCase(
    "forgets at once who leaves",
    longLease,
    async ({ process, watch }) => {
      const [oak, ash] = [process(), process()];
      const registration = await oak.register(instance("oak"));
      await ash.register(instance("ash"));
      const watched = watch(process());
      await watched.until("both are seen", (list) => names(list) === "ash-1 oak-1");
      await registration.close();
      await watched.until("oak has left", (list) => names(list) === "ash-1");
      await ash.close();
      await watched.until("a registry that closes takes what is registered with it", (list) => list.length === 0);
    },
    ifRegisters,
  ),
  registryCase(
    "forgets who dies without a word, and who is killed takes nobody with it",
    { heartbeatMs: 200, suspectMs: 2_000, leaseMs: 5_000 },
    async ({ process, system, watch }) => {
      const [oak, ash] = [process(), process()];
      await oak.register(instance("oak"));
      await ash.register(instance("ash"));
      const watched = watch(ash);
      await watched.until("both are seen", (list) => names(list) === "ash-1 oak-1");
      const killedAt = watched.lists.length;
      await system.kill!(oak);
      await watched.until("oak is gone", (list) => names(list) === "ash-1");
      const between = watched.lists.slice(killedAt).filter((list) => names(list) === "ash-1 oak-1");
      for (const list of between) assert.ok(list.some(({ id, isSuspect }) => id === "oak-1" && isSuspect === true));
    },
    (features) =>
      ifRegisters(features) ?? (features.deaths === "never" ? "nobody watches over the instances" : undefined),
  ),
  ...failureCases,
];
