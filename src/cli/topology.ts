import { listenedTransports } from "../runtime/addresses.js";
import { callEdges, eventEdges } from "./edges.js";
import { loadSystem, type System } from "./load-system.js";
import { count, jsonText, table } from "./table.js";

/** Says that a topology can start, or refuses it with everything that is wrong. */
export async function checkTopologyFile(file: string): Promise<number> {
  const { topology, modules } = await loadSystem(file);
  const sizes = `${count(topology.processes.length, "process", "processes")}, ${count(modules.size, "module")}`;
  process.stdout.write(`${file}: fine: ${sizes}\n`);
  return 0;
}

/** Prints what runs where, and which transport each edge takes. */
export async function showTopology(file: string, options: { json?: boolean }): Promise<number> {
  const shown = describe(await loadSystem(file));
  process.stdout.write(options.json === true ? jsonText(shown) : asText(file, shown));
  return 0;
}

type Shown = ReturnType<typeof describe>;

const describe = (system: System) => ({
  name: system.topology.name,
  processes: system.topology.processes.map((process) => ({
    name: process.name,
    modules: process.modules,
    gateway: process.gateway !== undefined,
    listen: listenedTransports(system.topology, process),
  })),
  calls: callEdges(system),
  events: eventEdges(system),
});

function asText(file: string, { name, processes, calls, events }: Shown): string {
  const processRows = processes.map((process) => [
    process.name,
    process.modules.join(" ") || "-",
    process.gateway ? "yes" : "-",
    process.listen.join(" ") || "-",
  ]);
  const callRows = calls.map((edge) => [edge.from, edge.fromProcess, edge.to, edge.toProcess, edge.transport]);
  const eventRows = events.map((edge) => [
    edge.event,
    edge.fromProcess,
    edge.to,
    edge.toProcess,
    edge.transport,
    edge.delivery,
  ]);
  const sections = [
    `${name} (${file})`,
    table(["process", "modules", "gateway", "listens on"], processRows),
    callRows.length === 0
      ? "No module calls another."
      : table(["caller", "in process", "calls", "in process", "transport"], callRows),
    eventRows.length === 0
      ? "No module wants another's events."
      : table(["event", "from process", "subscriber", "in process", "transport", "delivery"], eventRows),
  ];
  return `${sections.join("\n\n")}\n`;
}
