import { parseArgs } from "node:util";
import { rollingRestart } from "./rolling-restart.js";

/** The long form: `npm run test:restart -- --requests 20000`. Ends with 1 where a request failed or a connection broke. */
const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "20000" },
    clients: { type: "string", default: "8" },
    topology: { type: "string", multiple: true, default: ["config/split.yaml", "config/split-redis.yaml"] },
  },
});

for (const topology of values.topology) {
  const result = await rollingRestart({
    topology,
    clients: Number(values.clients),
    requests: Number(values.requests),
  });
  const { latenciesMs, complaints, ...counts } = result.observed;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number) => `${Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0)} ms`;
  process.stdout.write(
    `${topology}: ${result.rounds} times ${result.replaced.length} processes replaced, ${JSON.stringify(counts)}, ` +
      `p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}\n`,
  );
  for (const complaint of complaints) process.stdout.write(`  ${complaint}\n`);
  if (counts.failed > 0) process.exitCode = 1;
}
