import { balancerNames } from "../client/balancers.js";
import type { Module } from "../core/module.js";
import { databaseOf, type ProcessSpec, processOf, type Topology } from "../core/topology.js";
import type { Fault } from "./check-topology.js";

/** What is wrong with how often processes run, and with how calls are spread over them. */
export function checkReplicas(topology: Topology, modules: ReadonlyMap<string, Module>, fault: Fault): void {
  for (const process of topology.processes) {
    if ((process.replicas ?? 1) > 1) checkReplicated(topology, process, modules, fault);
  }
  for (const [service, name] of topology.balance ?? []) {
    const key = `balance.${service}`;
    if (!balancerNames.includes(name)) {
      fault(key, `there is no way to balance called "${name}"; there are ${balancerNames.join(", ")}`);
    }
    if (service === "default") continue;
    const module = modules.get(service);
    if (module === undefined || processOf(topology, service) === undefined) {
      fault(key, "no process has this module; place it or remove the line");
    } else if (name === "consistent-hash" && !hasKey(module)) {
      fault(key, `no procedure of ${service} names a key; give one balanceKey: (input) => …, or balance otherwise`);
    }
  }
}

function checkReplicated(
  topology: Topology,
  process: ProcessSpec,
  modules: ReadonlyMap<string, Module>,
  fault: Fault,
): void {
  const key = `processes.${process.name}.replicas`;
  for (const module of onSqlite(topology, process, modules)) {
    fault(
      key,
      `${module} is on SQLite, which one process owns; put it on PostgreSQL: database: { ${module}: postgres }, or run one`,
    );
  }
  const fixed = Object.entries(process.listen).find(([, address]) => address !== "");
  if (fixed !== undefined) {
    fault(key, `they cannot all listen at ${fixed[1]}; write listen: ${fixed[0]} and leave the address to each`);
  }
  if (topology.registry.kind === "static") {
    fault(key, "a static registry knows one address of a process; use registry: { kind: supervisor }");
  }
}

/** The modules of a process whose data only one process can have at a time. */
export const onSqlite = (topology: Topology, process: ProcessSpec, modules: ReadonlyMap<string, Module>): string[] =>
  process.modules.filter(
    (name) => modules.get(name)?.migrations !== undefined && databaseOf(topology, name) === "sqlite",
  );

const hasKey = ({ contract }: Module): boolean =>
  Object.values(contract.procedures).some((procedure) => procedure.balanceKey !== undefined);
