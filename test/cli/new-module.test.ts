import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { moduleFiles, takenWords } from "../../src/cli/module-files.js";
import { folderWith, root, runCli } from "./run-cli.js";

const tsconfig = {
  compilerOptions: {
    target: "es2023",
    lib: ["es2024", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    useDefineForClassFields: false,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    skipLibCheck: true,
    rootDir: ".",
    outDir: "dist",
  },
  include: ["modules"],
};

/** Somebody else's project, with the framework installed under its name. */
const project = folderWith({
  "package.json": JSON.stringify({ name: "corner-shop", type: "module", dependencies: { pangaea: "*", zod: "*" } }),
  "tsconfig.json": JSON.stringify(tsconfig),
  ".oxfmtrc.json": JSON.stringify({ printWidth: 120 }),
  "vitest.config.js": 'export default { test: { include: ["modules/**/*.test.ts"] } };\n',
  "config/monolith.yaml": "name: corner\nprocesses:\n  all: { gateway: {}, modules: [] }\n",
  "config/split.yaml": "name: corner\nprocesses:\n  edge: { gateway: {} }\n  goods: { modules: [goods] }\n",
});
mkdirSync(join(project.path, "node_modules"));
for (const name of readdirSync(join(root, "node_modules"))) {
  if (!name.startsWith(".")) symlinkSync(join(root, "node_modules", name), join(project.path, "node_modules", name));
}
symlinkSync(root, join(project.path, "node_modules/pangaea"));
afterAll(project.remove);

const inProject = { cwd: project.path };
/** Runs an installed program in the project; rejects with what it printed where it fails. */
const tool = (name: string, ...args: string[]) =>
  promisify(execFile)(join(root, "node_modules/.bin", name), args, inProject);

describe("pangaea new module", () => {
  it("writes a module that type-checks, is formatted and linted, and passes its own test", async () => {
    const { code, stdout, stderr } = await runCli(["new", "module", "gift-cards"], inProject);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("  config/monolith.yaml: processes.all:  modules: [gift-cards]\n");
    expect(stdout).toContain("  config/split.yaml: processes:  gift-cards: { modules: [gift-cards] }\n");
    expect(stdout).toContain("npm install inversify kysely vitest\n");
    await tool("tsc");
    await tool("oxfmt", "--check", "modules");
    await tool("oxlint", "--deny-warnings", "-c", join(root, ".oxlintrc.json"), "modules");
    await tool("vitest", "run", "modules/gift-cards");
    const { stdout: contracts } = await runCli(["contracts", "gift-cards"], inProject);
    expect(contracts).toMatch(/^create +mutation +user +5000 ms +POST \/gift-cards \(201\)/m);
  });

  it("refuses a folder that is there, and writes nothing into it", async () => {
    mkdirSync(join(project.path, "modules/taken"), { recursive: true });
    const { code, stderr } = await runCli(["new", "module", "taken"], inProject);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("modules/taken exists already") });
    expect(readdirSync(join(project.path, "modules/taken"))).toEqual([]);
  });

  it.each(["GiftCards", "../x", "class", "process-edge"])("refuses the name %s", async (name) => {
    const { code, stderr } = await runCli(["new", "module", name], inProject);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^error: "/) });
    expect(existsSync(join(project.path, "modules", name))).toBe(false);
  });

  it("knows every word that its own files need for something else", () => {
    const text = [...moduleFiles("zzz").values()].join("\n");
    const bound = [
      /\b(?:const|let) (\w+)/g,
      /\bimport (\w+) from/g,
      /\bimport (?:type )?\{(.*?)\} from/g,
      /\((\w+)(?=\) =>|: )/g,
      /\{ ([\w, ]+) \}: /g,
    ].flatMap((pattern) => [...text.matchAll(pattern)].flatMap((match) => match[1]!.split(",")));
    const words = bound.map((word) => word.trim()).filter((word) => /^[a-z]\w*$/.test(word) && word !== "zzz");
    expect(words.length).toBeGreaterThan(20);
    expect(words.filter((word) => !takenWords.has(word))).toEqual([]);
  });
});
