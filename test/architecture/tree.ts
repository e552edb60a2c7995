import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import type { RuleName } from "./rule-names.js";
import { type Import, lineAt, readSource, type SourceFile } from "./source-file.js";

/** One thing that is not as it must be. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly rule: RuleName;
  /** What was found. */
  readonly found: string;
  readonly mend: string;
}

/** Everything a rule may look at: the project as it lies on disk. */
export interface Tree {
  /** The name under which modules import the framework. */
  readonly packageName: string;
  readonly files: ReadonlyMap<string, SourceFile>;
  /** The names of the folders under `modules`, whatever they are. */
  readonly modules: readonly string[];
  /** Module → the tables that its migrations create. */
  readonly tables: ReadonlyMap<string, ReadonlySet<string>>;
  /** The tables that the framework keeps beside a module's own. */
  readonly frameworkTables: ReadonlySet<string>;
}

export type Rule = (tree: Tree) => Iterable<Violation>;

const roots = ["src", "modules", "transports", "test"];
const skipped = new Set(["node_modules", "dist", "data", "coverage"]);

/** Reads every TypeScript file of a project. */
export function readTree(root: string): Tree {
  const texts: Record<string, string> = { "package.json": readFileSync(join(root, "package.json"), "utf8") };
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name) && !entry.name.startsWith(".")) walk(path);
      } else if (/\.[cm]?tsx?$/.test(entry.name)) texts[path] = readFileSync(join(root, path), "utf8");
    }
  };
  for (const folder of roots) if (existsSync(join(root, folder))) walk(folder);
  return treeOf(texts);
}

/** The same from files in memory: path → text, `package.json` among them. */
export function treeOf(texts: Readonly<Record<string, string>>): Tree {
  const { "package.json": manifest = "{}", ...sources } = texts;
  const files = new Map(Object.entries(sources).map(([path, text]) => [path, readSource(path, text)]));
  const modules = [...new Set([...files.keys()].flatMap((path) => ownerOf(path, "modules") ?? []))];
  const tablesUnder = (folder: string) =>
    new Set([...files.values()].filter(({ path }) => path.startsWith(folder)).flatMap(createdTables));
  return {
    packageName: (JSON.parse(manifest) as { name: string }).name,
    files,
    modules,
    tables: new Map(modules.map((module) => [module, tablesUnder(`modules/${module}/migrations/`)])),
    frameworkTables: tablesUnder("src/storage/"),
  };
}

/** `ownerOf("modules/orders/contract.ts", "modules")` is `orders`; undefined for a file that lies elsewhere. */
export function ownerOf(path: string, root: string): string | undefined {
  const [first, second, ...rest] = path.split("/");
  return first === root && rest.length > 0 ? second : undefined;
}

export const isTest = (path: string): boolean => path.endsWith(".test.ts");

function createdTables(file: SourceFile): string[] {
  const built = [...file.code.matchAll(/\.createTable\(\s*["'`]/g)].map((match) => {
    const start = match.index + match[0].length;
    return file.literals.find(({ offset }) => offset === start)?.value;
  });
  const written = file.literals.flatMap(({ value }) =>
    [...value.matchAll(/\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?["`[]?(\w+)/gi)].map((match) => match[1]),
  );
  return [...built, ...written].filter((name) => name !== undefined);
}

/** Where an import leads: a file of the tree, a package of the registry, or a part of Node. */
export type Target =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "package"; readonly name: string; readonly specifier: string }
  | { readonly kind: "node"; readonly name: string }
  | { readonly kind: "computed" };

export function targetOf(file: SourceFile, { specifier }: Import, tree: Tree): Target {
  if (specifier === undefined) return { kind: "computed" };
  if (specifier.startsWith(".") || specifier.startsWith("/")) {
    const path = posix.join(posix.dirname(file.path), specifier).replace(/\.([cm]?)js$/, ".$1ts");
    const index = posix.join(path, "index.ts");
    return { kind: "file", path: !tree.files.has(path) && tree.files.has(index) ? index : path };
  }
  if (isBuiltin(specifier)) return { kind: "node", name: specifier.replace(/^node:/, "").split("/")[0]! };
  const [first, second] = specifier.split("/");
  const name = first!.startsWith("@") ? `${first}/${second}` : first!;
  return { kind: "package", name, specifier };
}

/** Every import of the files that `choose` takes, with where it leads. */
export function* importsOf(tree: Tree, choose: (path: string) => boolean) {
  for (const file of tree.files.values()) {
    if (!choose(file.path)) continue;
    for (const item of file.imports) yield { file, item, target: targetOf(file, item, tree) };
  }
}

export const violation = (
  file: SourceFile,
  offset: number,
  rule: RuleName,
  found: string,
  mend: string,
): Violation => ({
  file: file.path,
  line: lineAt(file, offset),
  rule,
  found,
  mend,
});
