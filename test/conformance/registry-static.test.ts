import { systemClock } from "../../src/core/index.js";
import { staticRegistry } from "../../src/discovery/static-registry.js";
import { runRegistryCases } from "./run-registry-cases.js";

const instances = [{ id: "a", process: "a", services: { a: 1 }, addresses: { http: "http://10.0.0.1:80" }, weight: 1 }];

runRegistryCases(
  "static",
  { registers: false, deaths: "never", hasServer: false },
  {
    clock: systemClock,
    openSystem: () =>
      Promise.resolve({ createRegistry: () => staticRegistry(instances), close: () => Promise.resolve() }),
  },
);
