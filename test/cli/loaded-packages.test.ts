import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, it } from "vitest";
import { librariesOf } from "../../bench/rest/libraries.js";
import { eventually, root, startCli } from "./run-cli.js";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: object };
const dependencies = Object.keys(manifest.dependencies);
const folder = mkdtempSync(join(tmpdir(), "pangaea-packages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Which of the framework's dependencies a process of the shop has loaded when it was ready and is told to stop. */
async function librariesLoadedBy(name: string, ...args: readonly string[]): Promise<string[]> {
  const file = join(folder, `${name}.json`);
  const process = startCli(["start", ...args], {
    env: {
      NODE_OPTIONS: `--import ${pathToFileURL(join(root, "dist/test/setup/note-packages.js")).href}`,
      PACKAGES_FILE: file,
      DATA_DIR: join(folder, name),
      // Nobody listens there: which libraries a process loads does not hang on its neighbours.
      PANGAEA_ADDRESSES: ["users", "catalog", "inventory", "payments", "orders", "notifications", "storefront"]
        .map((other) => `${other}=http://127.0.0.1:${other === name ? 0 : 1}`)
        .join(","),
    },
  });
  await eventually(
    () => process.stdout().includes("Ready"),
    () => `${name} ready: ${process.stdout()}${process.stderr()}`,
  );
  process.child.kill("SIGTERM");
  await process.exited;
  const loaded = JSON.parse(readFileSync(file, "utf8")) as string[];
  return dependencies.filter((dependency) => loaded.includes(dependency));
}

const split = ["--topology", "config/split.yaml", "--process"];
const splitOverRedis = ["--topology", "config/split-redis.yaml", "--process"];

it.each([
  ["the monolith", "shop", [], librariesOf.monolith],
  ["the gateway of a split", "gateway", [...split, "gateway"], librariesOf.gateway],
  ["a service with data", "users", [...split, "users"], librariesOf.service],
  ["a service without data", "storefront", [...split, "storefront"], librariesOf.serviceWithoutData],
  ["a service over Redis", "users", [...splitOverRedis, "users"], [...librariesOf.service, "ioredis"]],
] as const)("%s loads the libraries that it uses, and no other", async (_title, name, args, libraries) => {
  expect(await librariesLoadedBy(name, ...args)).toEqual([...libraries].toSorted());
});
