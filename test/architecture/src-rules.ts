import { rows, sharedPackages, sharedWithTransport } from "./allowed.js";
import { importsOf, isTest, ownerOf, type Rule, type Tree, violation } from "./tree.js";

/** The folder of `src` that a file lies in; files straight under it are a place of their own. */
const folderOf = (path: string): string | undefined =>
  ownerOf(path, "src") ?? (path.startsWith("src/") ? path.slice("src/".length) : undefined);

const rowOf = (folder: string): number => rows.findIndex(({ folders }) => folders.includes(folder));

const underSrc = (path: string): boolean => path.startsWith("src/");

export const coreImports: Rule = function* (tree) {
  for (const { file, item, target } of importsOf(tree, (path) => folderOf(path) === "core")) {
    const inside = target.kind === "node" || (target.kind === "file" && folderOf(target.path) === "core");
    if (inside || target.kind === "computed") continue;
    yield violation(
      file,
      item.offset,
      "core-imports",
      `src/core imports ${item.specifier}`,
      "declare a port in core and let the importing side provide it",
    );
  }
};

export const rowOrder: Rule = function* (tree) {
  for (const file of tree.files.values()) {
    const folder = folderOf(file.path);
    if (folder !== undefined && rowOf(folder) < 0) {
      yield violation(file, 0, "rows", `src/${folder} is in no row`, "give it a row in test/architecture/allowed.ts");
    }
  }
  for (const { file, item, target } of importsOf(tree, underSrc)) {
    const from = folderOf(file.path)!;
    if (from === "core") continue;
    if (target.kind === "package" && target.name === tree.packageName) {
      yield violation(
        file,
        item.offset,
        "rows",
        `src imports the package it is, ${item.specifier}`,
        "import the file itself: the package's name may lead to another copy",
      );
    }
    if (target.kind !== "file") continue;
    const to = folderOf(target.path);
    if (to === undefined) {
      yield violation(
        file,
        item.offset,
        "rows",
        `src imports ${target.path}`,
        "src knows no module, test or transport; what it needs of one is handed in, or loaded by name",
      );
    } else if (to !== from && rowOf(from) >= 0 && rowOf(to) >= rowOf(from)) {
      yield violation(
        file,
        item.offset,
        "rows",
        `src/${from} imports src/${to}, which is in ${rowOf(to) === rowOf(from) ? "the same" : "a lower"} row`,
        "declare what both need as a port in src/core",
      );
    }
  }
};

export const packageOwners: Rule = function* (tree) {
  const importers = Map.groupBy(
    [...importsOf(tree, underSrc)].filter(
      ({ file, target }) =>
        target.kind === "package" && target.name !== tree.packageName && folderOf(file.path) !== "core",
    ),
    ({ target }) => (target.kind === "package" ? target.name : ""),
  );
  for (const [name, imports] of importers) {
    const folders = new Set(imports.map(({ file }) => folderOf(file.path)!));
    const shared = sharedWithTransport.get(name);
    if (shared !== undefined) folders.add(shared.folder);
    if (folders.size === 1) continue;
    const allowed = sharedPackages.get(name)?.folders ?? (shared === undefined ? [] : [shared.folder]);
    for (const { file, item } of imports) {
      if (allowed.includes(folderOf(file.path)!)) continue;
      yield violation(
        file,
        item.offset,
        "package-owner",
        `${name} is imported by ${[...folders]
          .toSorted()
          .map((folder) => `src/${folder}`)
          .join(" and ")}`,
        "let one folder own the package and give the others what they need of it",
      );
    }
  }
};

/** What a folder loads must be readable from its text; only the runtime finds modules and transports by name. */
export const computedImports: Rule = function* (tree) {
  for (const { file, item, target } of importsOf(tree, (path) => !path.startsWith("test/") && !isTest(path))) {
    if (target.kind !== "computed" || folderOf(file.path) === "runtime") continue;
    yield violation(
      file,
      item.offset,
      "computed-import",
      "an import whose target is worked out at run time",
      "write the path out, or let src/runtime load it",
    );
  }
};

const clientLibraries = (tree: Tree): Map<string, Set<string>> => {
  const libraries = new Map<string, Set<string>>();
  for (const { file, target } of importsOf(tree, (path) => ownerOf(path, "transports") !== undefined)) {
    if (target.kind !== "package") continue;
    const transports = libraries.get(target.name) ?? new Set();
    libraries.set(target.name, transports.add(ownerOf(file.path, "transports")!));
  }
  return libraries;
};

export const transportImports: Rule = function* (tree) {
  const libraries = clientLibraries(tree);
  const ofFramework = new Set([
    tree.packageName,
    ...[...importsOf(tree, underSrc)].flatMap(({ target }) =>
      target.kind === "package" && !sharedWithTransport.has(target.name) ? [target.name] : [],
    ),
  ]);
  for (const { file, item, target } of importsOf(tree, (path) => path.startsWith("transports/"))) {
    const own = ownerOf(file.path, "transports");
    const refuse = (found: string, mend: string) => violation(file, item.offset, "transport-imports", found, mend);
    if (target.kind === "file") {
      const near = own !== undefined && ownerOf(target.path, "transports") === own;
      if (near || folderOf(target.path) === "core") continue;
      yield refuse(`a transport imports ${target.path}`, "a transport knows src/core and its own files, nothing else");
    } else if (target.kind === "package") {
      const others = [...(libraries.get(target.name) ?? [])].filter((name) => name !== own);
      const mine = [...libraries.keys()].filter(
        (name) => own !== undefined && libraries.get(name)!.has(own) && !ofFramework.has(name),
      );
      if (others.length > 0) {
        yield refuse(
          `${target.name} is also imported by transports/${others.join(", ")}`,
          "each transport has a client library of its own",
        );
      } else if (ofFramework.has(target.name)) {
        yield refuse(`a transport imports ${item.specifier}`, "only its own client library; the rest is in src/core");
      } else if (mine.length > 1) {
        yield refuse(
          `transports/${own} imports ${mine.toSorted().join(" and ")}`,
          "one client library for each transport",
        );
      }
    }
  }
};

export const transportFiles: Rule = function* (tree) {
  const transports = Map.groupBy(
    [...tree.files.values()].filter(({ path }) => path.startsWith("transports/")),
    ({ path }) => ownerOf(path, "transports"),
  );
  for (const [name, files] of transports) {
    if (name !== undefined && tree.files.has(`transports/${name}/transport.ts`)) continue;
    yield violation(
      files[0]!,
      0,
      "transport-files",
      name === undefined ? "a file outside of every transport" : `transports/${name} has no transport.ts`,
      "every transport is a folder whose transport.ts exports createTransport",
    );
  }
};
