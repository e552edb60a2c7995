import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

// Nothing of the fixtures is ever run; this only says that they belong here.
export type * from "./client.test-d.js";
export type * from "./contract.test-d.js";
export type * from "./service.test-d.js";

const here = fileURLToPath(new URL("./", import.meta.url));
const project = join(here, "../..");
const fixtures = readdirSync(here).filter((file) => file.endsWith(".test-d.ts"));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "types-"));
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  const compilerOptions = {
    noEmit: true,
    incremental: false,
    rootDir: "/",
    paths: { pangaea: [join(project, "src/index.ts")] },
  };
  const config = { extends: join(project, "tsconfig.json"), compilerOptions, include: ["*.ts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the compiler says of the files in the folder, as `file:line TSxxxx`, with the project's own settings. */
function complaints(files: Readonly<Record<string, string>>): string[] {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const tsc = join(project, "node_modules/.bin/tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
    cwd: folder,
    encoding: "utf8",
  });
  return [...stdout.matchAll(/^(\S+?)\((\d+),\d+\): error (TS\d+)/gm)].map(
    (match) => `${match[1]}:${match[2]} ${match[3]}`,
  );
}

// The compiler shares its machine with every other test.
const timeout = 120_000;

it("says nothing of a file that is right", { timeout }, () => {
  expect(complaints({ "right.ts": `import { read } from "pangaea";\nexport const kind = typeof read;\n` })).toEqual([]);
});

it("refuses a planted file, and says why", { timeout }, () => {
  const text = `
import type { CallContext, ClientOf } from "pangaea";
import { ledger } from "./ledger.test-d.js";
export const one = (client: ClientOf<typeof ledger>, ctx: CallContext) => client.nothing({}, ctx);
export const two = (client: ClientOf<typeof ledger>, ctx: CallContext) => client.get({ id: 1 }, ctx);
export const three = (client: ClientOf<typeof ledger>) => client.get({ id: "1" });
`;
  const found = complaints({
    "ledger.test-d.ts": readFileSync(join(here, "ledger.test-d.ts"), "utf8"),
    "planted.ts": text,
  });
  expect(found).toEqual(["planted.ts:4 TS2339", "planted.ts:5 TS2322", "planted.ts:6 TS2554"]);
});

it("refuses an expectation that nothing breaks any more", { timeout }, () => {
  const text = "// @ts-expect-error TS2322: text is no number\nexport const text: string = '1';\n";
  expect(complaints({ "planted.ts": text })).toEqual(["planted.ts:1 TS2578"]);
});

it("refuses every wrong use in the fixtures, each for the reason that stands above it", { timeout }, () => {
  const expected: string[] = [];
  const unguarded: Record<string, string> = {};
  for (const name of fixtures) {
    const text = readFileSync(join(here, name), "utf8");
    for (const [index, line] of text.split("\n").entries()) {
      const [, code] = /@ts-expect-error (TS\d+): \S/.exec(line) ?? [];
      if (line.includes("@ts-expect-error")) expect(code, `${name}:${index + 1} gives code and reason`).toBeDefined();
      if (code !== undefined) expected.push(`${name}:${index + 2} ${code}`);
    }
    unguarded[name] = text.replaceAll("@ts-expect-error", "here:");
  }
  expect(complaints(unguarded).toSorted()).toEqual(expected.toSorted());
  expect(expected.length).toBeGreaterThan(40);
});
