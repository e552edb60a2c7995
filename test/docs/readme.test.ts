import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort, launch, type Launched } from "pangaea/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocksOf, filesOf, matches, runSteps, stepsOf } from "./snippets.js";

const root = process.cwd();
const blocks = blocksOf(await readFile("README.md", "utf8"));

describe("the README's curl lines", () => {
  let shop: Launched;
  let users: string;
  let attempt = 0;
  beforeAll(async () => {
    shop = await launch({ topology: "config/split.yaml", env: { ADMIN_PORT: String(await freePort()) } });
    users = /^users +[^|\n]*?(http:\S+)/m.exec(shop.output())![1]!;
  }, 360_000);
  afterAll(async () => {
    await shop.stop();
  });

  const consoles = blocks.filter(({ language }) => language === "console");
  it.each(consoles.map((block) => ({ block, line: block.line })))(
    "give what the block of line $line shows",
    async ({ block }) => {
      // Users of this attempt: those of one that the machine's standstill spoiled are there already.
      attempt++;
      const own = (text: string) =>
        text.replaceAll("@example.com", `@${attempt}.example.com`).replaceAll("Key: first", `Key: first-${attempt}`);
      const admin = /listener is open.*? address=(http:\S+)/.exec(shop.output())![1]!;
      const steps = stepsOf(block).map(({ command, expected }) => ({
        command: own(command).replaceAll("http://127.0.0.1:3000", shop.url).replaceAll("http://127.0.0.1:3001", admin),
        expected: own(expected),
      }));
      const printed = runSteps(steps, { USERS: users });
      for (const [index, { command, expected }] of steps.entries()) {
        expect(printed[index], command).toSatisfy((actual: string) => matches(actual, expected), expected);
      }
    },
  );

  it("would notice another answer", () => {
    expect(matches('{"a":1,"b":2}', '{"a":…}')).toBe(true);
    expect(matches('{"a":1}', '{"a":2}')).toBe(false);
    expect(() => runSteps([{ command: "false", expected: "" }], {})).toThrow();
  });
});

describe("the README's modules, in a project of their own,", () => {
  let project: string;
  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), "pangaea-readme-"));
    const modules = filesOf(blocks);
    expect(modules.size).toBeGreaterThan(0);
    const split =
      "name: hello\nprocesses:\n  edge: { gateway: {}, modules: [party] }\n  other: { modules: [greeter] }\n";
    const files = new Map([
      ...modules,
      ["package.json", JSON.stringify({ name: "hello", type: "module" })],
      ["tsconfig.json", JSON.stringify(consumerConfig)],
      ["config/monolith.yaml", "name: hello\nprocesses:\n  all: { gateway: {}, modules: [greeter, party] }\n"],
      ["config/split.yaml", split],
      ["config/split-redis.yaml", `${split}routes: { default: redis }\n`],
    ]);
    for (const [path, text] of files) {
      await mkdir(dirname(join(project, path)), { recursive: true });
      await writeFile(join(project, path), text);
    }
    await mkdir(join(project, "node_modules"));
    await symlink(root, join(project, "node_modules/pangaea"));
    for (const name of ["zod", "inversify"])
      await symlink(join(root, "node_modules", name), join(project, "node_modules", name));
    const compiled = spawnSync(join(root, "node_modules/.bin/tsc"), [], { cwd: project, encoding: "utf8" });
    expect(compiled.stdout + compiled.stderr).toBe("");
  });
  afterAll(() => rm(project, { recursive: true, force: true }));

  it.each(["monolith", "split", "split-redis"])(
    "call each other as %s",
    async (layout) => {
      const system = await launch({ topology: `config/${layout}.yaml`, cwd: project });
      try {
        const response = await fetch(`${system.url}/welcomes`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ guests: ["Ada", "Bob"] }),
        });
        expect(await response.json()).toEqual({ lines: ["Hello, Ada!", "Hello, Bob!"] });
        const greeting = await fetch(`${system.url}/greetings/Zoë`);
        expect(await greeting.json()).toEqual({ text: "Hello, Zoë!" });
      } finally {
        expect(await system.stop()).toBe(0);
      }
    },
    360_000,
  );
});

const consumerConfig = {
  compilerOptions: {
    target: "es2023",
    module: "nodenext",
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    rootDir: ".",
    outDir: "dist",
    types: [],
  },
  include: ["modules"],
};
