import { parseTopology } from "../../src/runtime/load-topology.js";

/** The layouts in which two services can stand to each other. */
export const layouts = Object.fromEntries(
  Object.entries({
    monolith: "one: { gateway: {}, modules: [front, probe] }",
    http: "one: { gateway: {}, modules: [front] }\n  two: { modules: [probe] }",
    redis: "one: { gateway: {}, modules: [front] }\n  two: { modules: [probe] }\nroutes: { default: redis }",
    mixed:
      "one: { gateway: {}, modules: [] }\n  two: { modules: [probe] }\n  three: { modules: [front] }\nroutes: { default: http, front: redis }",
  }).map(([name, processes]) => [name, parseTopology(`${name}.yaml`, `name: ${name}\nprocesses:\n  ${processes}\n`)]),
);
