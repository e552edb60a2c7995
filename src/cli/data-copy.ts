import { existsSync } from "node:fs";
import { systemClock } from "../core/clock.js";
import type { Module } from "../core/module.js";
import { databaseOf, type Topology } from "../core/topology.js";
import { openBackend, sqliteFile } from "../runtime/open-backend.js";
import { readSettings, type Settings } from "../runtime/settings.js";
import { type CopiedTable, copyModule, isSame } from "../storage/copy-module.js";
import { loadSystem } from "./load-system.js";
import { count, table } from "./table.js";
import { UsageError } from "./usage-error.js";

/** Copies the data of every module that the two topologies keep in different places. Says 1 where a copy is not the same. */
export async function copyData(options: { readonly from: string; readonly to: string }): Promise<number> {
  const settings = readSettings(process.env);
  const [from, to] = [await loadSystem(options.from), await loadSystem(options.to)];
  const moved = [...from.modules.values()].filter(
    ({ name, migrations }) =>
      migrations !== undefined &&
      to.modules.has(name) &&
      databaseOf(from.topology, name) !== databaseOf(to.topology, name),
  );
  if (moved.length === 0) {
    throw new UsageError(`${options.from} and ${options.to} keep every module's data in the same place`);
  }
  for (const { name } of moved) checkThere(name, from.topology, settings);

  const copied: (CopiedTable & { readonly module: string })[] = [];
  for (const module of moved) {
    for (const each of await copyOne(module, from.topology, to.topology, settings)) {
      copied.push({ module: module.name, ...each });
    }
  }
  const rows = copied.map(({ module, table: name, ...sides }) => [
    module,
    name,
    String(sides.from.rows),
    String(sides.to.rows),
    sides.from.checksum,
    isSame(sides) ? "same" : `DIFFERENT: ${sides.to.checksum}`,
  ]);
  const different = copied.filter((each) => !isSame(each)).length;
  process.stdout.write(
    `${table(["module", "table", "rows from", "rows to", "checksum from", "checksum to"], rows)}\n\n` +
      `${count(copied.length, "table")} of ${count(moved.length, "module")}: ${different === 0 ? "all the same" : `${different} DIFFERENT`}\n`,
  );
  return different === 0 ? 0 : 1;
}

/** Opening a file would make it. */
function checkThere(module: string, topology: Topology, settings: Settings): void {
  const file = sqliteFile(module, settings);
  if (databaseOf(topology, module) !== "sqlite" || existsSync(file)) return;
  throw new UsageError(`there is no ${file}: ${topology.file} has no data of ${module} here; check DATA_DIR`);
}

async function copyOne(module: Module, from: Topology, to: Topology, settings: Settings): Promise<CopiedTable[]> {
  const { name, migrations = [] } = module;
  const source = await openBackend(name, { topology: from, settings });
  try {
    const target = await openBackend(name, { topology: to, settings });
    try {
      return await copyModule({ module: name, from: source, to: target, migrations, clock: systemClock });
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
