#!/usr/bin/env node
// Nothing is imported above this check: an older Node would crash in a native module before it could say a word.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `Pangaea needs Node 22.19 or newer, and this is ${process.versions.node}. Inside a project run it by "npm run" or "npx", ` +
      "which find the Node that the project has pinned.\n",
  );
  process.exit(78);
}

async function main(): Promise<void> {
  const { run } = await import("./program.js");
  process.exitCode = await run(process.argv.slice(2));
}

void main();
