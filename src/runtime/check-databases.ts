import type { Module } from "../core/module.js";
import { processOf, type Topology } from "../core/topology.js";
import type { Fault } from "./check-topology.js";
import { isPostgresUrl } from "./settings.js";

/** What is wrong with where a topology keeps its data. Whether a server answers is not looked at. */
export function checkDatabases(topology: Topology, modules: ReadonlyMap<string, Module>, fault: Fault): void {
  for (const [module, place] of [["default", topology.defaultDatabase] as const, ...topology.databases]) {
    const key = `database.${module}`;
    checkPlace(place, (message) => fault(key, message));
    if (module === "default") continue;
    if (processOf(topology, module) === undefined)
      fault(key, "no process has this module; place it or remove the line");
    else if (modules.get(module)?.migrations === undefined) {
      fault(key, `${module} has no data; give it migrations or remove the line`);
    }
  }
}

/** Never repeats an address: it may have a password. */
function checkPlace(place: string, refuse: (message: string) => void): void {
  if (place === "sqlite" || place === "postgres") return;
  if (!isPostgresUrl(place)) {
    refuse(
      "give sqlite, postgres (then DATABASE_URL names the server) or an address like postgres://user@host:5432/shop",
    );
  } else if (new URL(place).password !== "") {
    refuse("there is a password in it; take it out and give PGPASSWORD, or write postgres and give DATABASE_URL");
  }
}
