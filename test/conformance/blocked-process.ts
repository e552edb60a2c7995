import { silentLogger, systemClock } from "../../src/core/index.js";
import { LeasedRegistry } from "../../src/discovery/leased-registry.js";

// A process that registers itself, and whose event loop does nothing else for as long as it is told to.
const [url = "", namespace = "", lease = ""] = process.argv.slice(2);
const registry = new LeasedRegistry({
  store: { kind: "redis", url, namespace },
  lease: JSON.parse(lease),
  clock: systemClock,
  logger: silentLogger,
});
await registry.register({ id: "oak-1", process: "oak", services: { oak: 1 }, addresses: {}, weight: 1 });
process.on("message", (blockMs: number) => {
  const until = performance.now() + blockMs;
  while (performance.now() < until);
  process.send!("free again");
});
