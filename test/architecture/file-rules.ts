import { maxLines } from "./allowed.js";
import type { SourceFile } from "./source-file.js";
import { isTest, type Rule, targetOf, type Tree, violation } from "./tree.js";

const shipped = (path: string): boolean => /^(?:src|modules|transports)\//.test(path);

const forbiddenNames = new Set(["util", "utils", "helper", "helpers", "common", "manager", "managers", "base", "misc"]);

export const fileNames: Rule = function* (tree) {
  for (const file of tree.files.values()) {
    const refuse = (found: string, mend: string) => violation(file, 0, "file-names", found, mend);
    const parts = file.path.replace(/(?:\.test|\.test-d)?\.[cm]?tsx?$/, "").split("/");
    const word = parts.flatMap((part) => part.toLowerCase().split(/[-_.]/)).find((part) => forbiddenNames.has(part));
    if (word !== undefined) yield refuse(`"${word}" in a file's name`, "name it after what it does");
    else if (!parts.every((part) => /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(part))) {
      yield refuse("a name that is not in kebab-case", "lower case letters, digits and dashes");
    }
  }
};

const linesOf = (file: SourceFile): number => file.text.split("\n").length - (file.text.endsWith("\n") ? 1 : 0);

export const fileLength: Rule = function* (tree) {
  for (const file of tree.files.values()) {
    if (!shipped(file.path)) continue;
    const lines = linesOf(file);
    if (lines > maxLines) yield violation(file, 0, "file-length", `${lines} lines`, "split it by reason to change");
  }
};

/** The top level of a file: everything inside brackets blanked. */
function topLevelOf(code: string): string {
  let depth = 0;
  let top = "";
  for (const char of code) {
    if ("}])".includes(char)) depth--;
    top += depth > 0 && char !== "\n" ? " " : char;
    if ("{[(".includes(char)) depth++;
  }
  return top;
}

const readonlyType = /:\s*(?:Readonly|readonly\b)/;
/** Objects of these classes do not change, or not in a way that anybody could notice. */
const constantClasses = /\bnew\s+(?:RegExp|TextEncoder|TextDecoder|URL|Intl\.\w+)\b/;
const declaration = /^(export\s+)?const\s+\w+\s*(:[^=]*)?=\s*([^;]*)/gm;

export const mutableState: Rule = function* (tree) {
  const mend = "make it where a process is put together, and pass it in";
  for (const file of tree.files.values()) {
    if (!shipped(file.path) || isTest(file.path)) continue;
    const refuse = (offset: number, found: string) => violation(file, offset, "module-state", found, mend);
    const top = topLevelOf(file.code);
    for (const match of top.matchAll(/^(?:export\s+)?(?:let|var)\b/gm))
      yield refuse(match.index, `${match[0]} at the top level`);
    for (const match of top.matchAll(declaration)) {
      const [, exported, type = "", value = ""] = match;
      if (value.includes("=>") || readonlyType.test(type)) continue;
      const collection = /^new\s+(?:Map|Set)\b/.test(value);
      const empty = /^(?:new\s+\w+(?:<[^(]*>)?\(\s*\)|\[\s*\]|\{\s*\})\s*$/.test(
        file.code.slice(match.index + match[0].length - value.length, match.index + match[0].length),
      );
      const filled = collection && !empty && exported === undefined;
      if ((/^new\b/.test(value) && !filled && !constantClasses.test(value)) || empty) {
        yield refuse(match.index, "an object at the top level that can change");
      }
    }
    for (const match of file.code.matchAll(
      /\bstatic\s+(?:override\s+)?(?!readonly\b)#?\w+\s*(?::[^=;(){}]*)?=(?![=>])/g,
    )) {
      yield refuse(match.index, "a static field that can change");
    }
  }
};

export const importCycles: Rule = function* (tree) {
  const edges = new Map<string, { to: string; offset: number }[]>();
  for (const file of tree.files.values()) if (shipped(file.path)) edges.set(file.path, edgesOf(file, tree));
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = function* (at: string): ReturnType<Rule> extends Iterable<infer V> ? Generator<V> : never {
    path.push(at);
    for (const { to, offset } of edges.get(at) ?? []) {
      const start = path.indexOf(to);
      if (start >= 0) {
        const cycle = [...path.slice(start), to].join(" → ");
        yield violation(
          tree.files.get(at)!,
          offset,
          "import-cycle",
          cycle,
          "move what both need to a file that imports neither",
        );
      } else if (!finished.has(to)) yield* visit(to);
    }
    path.pop();
    finished.add(at);
  };
  for (const start of edges.keys()) if (!finished.has(start)) yield* visit(start);
};

/** Types are erased before anything is loaded, so they may refer to each other. */
const edgesOf = (file: SourceFile, tree: Tree) =>
  file.imports.flatMap((item) => {
    const target = targetOf(file, item, tree);
    const typesOnly = /^type\b(?!\s*(?:,|$))/.test(item.clause);
    return target.kind === "file" && !typesOnly && tree.files.has(target.path)
      ? [{ to: target.path, offset: item.offset }]
      : [];
  });
