#!/usr/bin/env node
// Nothing of ours is imported above the check: an older Node would crash in a native module before it could say a word.
import module from "node:module";
import { nodeRefusal } from "./node-version.js";
import { tuneEngine } from "./tune-engine.js";

const refusal = nodeRefusal(process.versions.node);
if (refusal !== undefined) {
  process.stderr.write(`${refusal}\n`);
  process.exit(78);
}

// A reader that has seen enough (`| head`) or a closed terminal is no failure, and must not take a service down.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// The processes of a split load much the same code: what one has compiled, the others take from a cache.
module.enableCompileCache();
tuneEngine();

async function main(): Promise<void> {
  const { run } = await import("./program.js");
  process.exitCode = await run(process.argv.slice(2));
}

void main();
