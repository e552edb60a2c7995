import { silentLogger, systemClock } from "../../src/core/index.js";
import {
  type ChildMessage,
  supervisorRegistry,
  type SupervisorMessage,
} from "../../src/discovery/supervisor-registry.js";
import { type Child, Supervisor } from "../../src/runtime/supervisor.js";
import { parseTopology } from "../../src/runtime/load-topology.js";
import type { Registry } from "../../src/core/registry.js";
import type { RegistrySubject } from "../../src/testing/registry-conformance.js";
import { runRegistryCases } from "./run-registry-cases.js";

const count = 4;
const processes = Array.from({ length: count }, (_, index) => `  p${index}: {}`).join("\n");
const topology = parseTopology("x.yaml", `name: x\nprocesses:\n${processes}\n`);

/** A process whose two ends of the line are here. */
function childInHere(): { readonly child: Child; readonly registry: () => Registry; die: () => void } {
  const above = new Set<(message: ChildMessage) => void>();
  const below = new Set<(message: SupervisorMessage) => void>();
  let exit!: (code: number | null) => void;
  const exited = new Promise<number | null>((resolve) => (exit = resolve));
  const listen =
    <M>(listeners: Set<(message: M) => void>) =>
    (listener: (message: M) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
  const told: SupervisorMessage[] = [];
  const child: Child = {
    pid: 1,
    exited,
    send(message) {
      told.push(message);
      if (message.type === "stop") exit(0);
      for (const listener of below) listener(message);
    },
    onMessage: listen(above),
    kill: () => exit(null),
  };
  const line = {
    send(message: ChildMessage) {
      for (const listener of above) listener(message);
    },
    // What was said before anybody listened is not lost on a real channel.
    onMessage(listener: (message: SupervisorMessage) => void) {
      for (const message of told) listener(message);
      return listen(below)(listener);
    },
  };
  const pulse = { clock: systemClock, heartbeatMs: 1_000 };
  return { child, registry: () => supervisorRegistry(line, pulse), die: () => exit(null) };
}

const subject: RegistrySubject = {
  clock: systemClock,
  openSystem() {
    const children: ReturnType<typeof childInHere>[] = [];
    const spawn = () => {
      const made = childInHere();
      children.push(made);
      return made.child;
    };
    const supervisor = new Supervisor({ topology, spawn, clock: systemClock, logger: silentLogger });
    void supervisor.start();
    const used = new Map<Registry, () => void>();
    return Promise.resolve({
      createRegistry() {
        const next = children[used.size]!;
        const registry = next.registry();
        used.set(registry, next.die);
        return registry;
      },
      kill(registry) {
        used.get(registry)!();
        return Promise.resolve();
      },
      close: () => supervisor.stop(),
    });
  },
};

runRegistryCases("supervisor", { registers: true, deaths: "seen", hasServer: false }, subject);
