import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

/** A fenced block of a Markdown file. */
export interface Block {
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

/** Every fenced block, with the line it begins at. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(\w+)$/.exec(lines[i]!);
    if (fence === null) continue;
    const end = lines.indexOf("```", i + 1);
    assert.notEqual(end, -1, `the block of line ${i + 1} has no end`);
    blocks.push({ language: fence[1]!, text: lines.slice(i + 1, end).join("\n"), line: i + 1 });
    i = end;
  }
  return blocks;
}

/** The files that blocks of TypeScript say they are: their first line is a comment with the path. */
export function filesOf(blocks: readonly Block[]): Map<string, string> {
  const files = blocks
    .filter(({ language }) => language === "ts")
    .map(({ text, line }) => {
      const path = /^\/\/ (\S+\.ts)$/m.exec(text.split("\n")[0]!)?.[1];
      assert.ok(path, `the block of line ${line} does not say which file it is`);
      return [path, `${text}\n`] as const;
    });
  return new Map(files);
}

/** A command of a console block and what it should print; `…` stands for anything on the line. */
export interface Step {
  readonly command: string;
  readonly expected: string;
}

export function stepsOf({ text }: Block): Step[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command, ...output] = part.trimEnd().split("\n");
      return { command: command!, expected: output.join("\n").trim() };
    });
}

/** Whether `actual` is `expected`, with `…` for what changes from run to run. */
export function matches(actual: string, expected: string): boolean {
  const pattern = expected.split("…").map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`).test(actual.trim());
}

/** Runs a block's commands in one shell, so that what one sets the next can use, and gives back what each printed. */
export function runSteps(steps: readonly Step[], env: Readonly<Record<string, string>>): string[] {
  const mark = "--- next command ---";
  const script = steps.map(({ command }) => `${command}\necho\necho '${mark}'`).join("\n");
  const { stdout, stderr, status } = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
    env: { ...process.env, ...env },
    encoding: "utf8",
    timeout: 180_000,
  });
  assert.equal(status, 0, stderr);
  return stdout
    .split(mark)
    .slice(0, -1)
    .map((output) => output.trim());
}
