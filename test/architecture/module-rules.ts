import { modulePackages, testPackages } from "./allowed.js";
import type { RuleName } from "./rule-names.js";
import { importsOf, isTest, ownerOf, type Rule, violation } from "./tree.js";
import { identifiersOf, codeWordsOf, literalWordsOf, singularOf } from "./words.js";

const underModules = (path: string): boolean => path.startsWith("modules/");

/** Packages and parts of Node that open a database or any other file. */
const databasePackages = new Set(["better-sqlite3", "sqlite3", "pg", "mysql2", "knex", "sqlite", "fs"]);
/** Parts of Node that only a process or a wire needs. */
const placementNodeParts = new Set([
  "http",
  "https",
  "http2",
  "net",
  "tls",
  "dgram",
  "child_process",
  "cluster",
  "worker_threads",
  "process",
]);

/** May touch tables: the module's repositories and migrations. */
export const isDataFile = (path: string): boolean =>
  /^modules\/[^/]+\/(?:[^/]+-repository\.ts|migrations\/.+)$/.test(path);

export const moduleImports: Rule = function* (tree) {
  const wires = new Set(
    [...importsOf(tree, (path) => path.startsWith("transports/") || path.startsWith("src/gateway/"))].flatMap(
      ({ target }) => (target.kind === "package" && target.name !== tree.packageName ? [target.name] : []),
    ),
  );
  for (const { file, item, target } of importsOf(tree, underModules)) {
    const own = ownerOf(file.path, "modules");
    const found = `a module imports ${item.specifier}`;
    const refuse = (rule: RuleName, mend: string) => violation(file, item.offset, rule, found, mend);
    if (target.kind === "file") {
      const other = ownerOf(target.path, "modules");
      if (other === undefined) {
        yield refuse(
          "module-imports",
          `import the framework as "${tree.packageName}"; nothing else outside of modules is a module's to know`,
        );
      } else if (other !== own && target.path !== `modules/${other}/contract.ts`) {
        yield refuse(
          "module-internals",
          `only modules/${other}/contract.ts may be imported: add to the contract what is missing there`,
        );
      }
      continue;
    }
    if (target.kind === "computed") continue;
    if (target.kind === "package" && isAllowed(target, tree.packageName, isTest(file.path))) continue;
    if (databasePackages.has(target.name)) {
      yield refuse("foreign-database", "ask for the module's own Database in a repository");
    } else if (target.kind === "node" ? placementNodeParts.has(target.name) : wires.has(target.name)) {
      yield refuse(
        "placement",
        "a module does not know where it runs or how it is reached: use a client of a contract",
      );
    } else if (target.kind === "package" && target.name === "kysely") {
      if (!isDataFile(file.path) && !isTest(file.path)) {
        yield refuse("sql-outside-repository", "move the query to the module's repository");
      }
    } else {
      const names = [tree.packageName, ...modulePackages].join(", ");
      yield refuse(
        "module-imports",
        `a module imports ${names}, its own files and other modules' contracts; clocks, ids and randomness come from the framework`,
      );
    }
  }
};

const isAllowed = ({ name, specifier }: { name: string; specifier: string }, framework: string, test: boolean) =>
  specifier === framework ||
  modulePackages.includes(name) ||
  (test && (name === framework || testPackages.includes(name)));

/** Identifiers that say where something runs or how it is reached. */
const placementWords = new Set([
  "process",
  "fetch",
  "listen",
  "port",
  "host",
  "socket",
  "transport",
  "transports",
  "topology",
  "express",
  "failpoint",
]);
const placementHumps = /^(?:https?|redis|ioredis|undici|grpc|websocket|localhost)$/;
const placementText =
  /\b(?:https?|rediss?|wss?|tcp|ipc):\/\/|\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0|redis|ioredis|undici|grpc|websocket)\b|\bPANGAEA_|\bNODE_ENV\b/i;

export const placement: Rule = function* (tree) {
  const mend = "where a module runs and how it is reached is said in config/, never in the module";
  for (const file of tree.files.values()) {
    if (!underModules(file.path) || isTest(file.path)) continue;
    const inContract = file.path.endsWith("/contract.ts");
    const seen = new Set<number>();
    const refuse = (offset: number, word: string) => violation(file, offset, "placement", `the word "${word}"`, mend);
    for (const { word, offset } of identifiersOf(file)) {
      if (!placementWords.has(word)) continue;
      seen.add(offset);
      yield refuse(offset, word);
    }
    for (const { word, offset } of codeWordsOf(file)) {
      // How a procedure appears at the edge is part of its contract: `http: { route }`.
      const annotation = inContract && word === "http" && /^http\??:/.test(file.code.slice(offset));
      if (placementHumps.test(word) && !annotation && !seen.has(offset)) yield refuse(offset, word);
    }
    const imported = new Set(file.imports.map((item) => item.offset));
    for (const { value, offset } of file.literals) {
      const match = imported.has(offset) ? null : placementText.exec(value);
      if (match !== null) yield refuse(offset + match.index, match[0]);
    }
  }
};

export const moduleFiles: Rule = function* (tree) {
  for (const file of tree.files.values()) {
    if (!underModules(file.path)) continue;
    const name = ownerOf(file.path, "modules");
    const refuse = (found: string, mend: string) => violation(file, 0, "module-files", found, mend);
    if (name === undefined) {
      yield refuse("a file outside of every module", "move it into the module that owns it");
      continue;
    }
    const [inside, ...deeper] = file.path.slice(`modules/${name}/`.length).split("/");
    if (deeper.length > 0) {
      if (["domain", "migrations", "sagas"].includes(inside!)) continue;
      yield refuse(`modules/${name}/${inside}/`, "a module's folders are domain, migrations and sagas");
    } else if (
      inside !== "contract.ts" &&
      inside !== "module.ts" &&
      !inside!.startsWith(`${name}-`) &&
      inside !== `${name}.test.ts`
    ) {
      yield refuse(`modules/${name}/${inside}`, `call it ${name}-${inside}, or put it in domain, migrations or sagas`);
    }
  }
  for (const name of tree.modules) {
    const own = [...tree.files.values()].filter(({ path }) => path.startsWith(`modules/${name}/`));
    const refuse = (missing: string) =>
      violation(
        own[0]!,
        0,
        "module-files",
        `modules/${name} has no ${missing}`,
        "the same names stand in every module",
      );
    for (const required of ["contract.ts", "module.ts", `${name}-service.ts`]) {
      if (!tree.files.has(`modules/${name}/${required}`)) yield refuse(required);
    }
    const migrations = own.some(({ path }) => path.startsWith(`modules/${name}/migrations/`));
    const repository = own.some(({ path }) => path.endsWith("-repository.ts"));
    if (migrations && !repository) yield refuse(`${name}-repository.ts, although it has migrations`);
    if (repository && !migrations) yield refuse("migrations, although it has a repository");
  }
};

/** Words that only the application on top can mean, found from what its modules are called and keep. */
function shopWords(
  modules: readonly string[],
  tables: readonly string[],
  frameworkWords: ReadonlySet<string>,
): RegExp | undefined {
  const names = modules.filter((name) => !frameworkWords.has(name));
  const ids = names.map((name) => `${singularOf(name).replaceAll("-", " ")} id`);
  const compound = tables.filter((table) => table.includes("_"));
  const words = [
    ...names.map((name) => name.replaceAll("-", " ")),
    ...ids,
    ...compound.map((table) => table.replaceAll("_", " ")),
  ];
  return words.length === 0 ? undefined : new RegExp(`(?<![a-z0-9])(?:${words.join("|")})(?![a-z0-9])`, "g");
}

/** Comments may take their examples from the shop; code, texts and file names may not. */
export const noShopWords: Rule = function* (tree) {
  const framework = [...tree.files.values()].filter(
    ({ path }) => path.startsWith("src/") || path.startsWith("transports/"),
  );
  const frameworkWords = new Set(framework.flatMap(({ path }) => path.split("/").slice(0, -1)));
  const pattern = shopWords(
    tree.modules,
    [...tree.tables.values()].flatMap((names) => [...names]),
    frameworkWords,
  );
  if (pattern === undefined) return;
  for (const file of framework) {
    const refuse = (offset: number, word: string) =>
      violation(
        file,
        offset,
        "shop-words",
        `the shop's word "${word}"`,
        "say it in the framework's own words; the shop lives in modules/",
      );
    const inPath = pattern.exec(file.path.toLowerCase().replace(/[^a-z0-9]/g, " "));
    pattern.lastIndex = 0;
    if (inPath !== null) yield refuse(0, inPath[0]);
    // Where an import leads is another rule's business.
    const imported = new Set(file.imports.map((item) => item.offset));
    const texts = { ...file, literals: file.literals.filter(({ offset }) => !imported.has(offset)) };
    for (const words of [codeWordsOf(file), literalWordsOf(texts)]) {
      let line = "";
      const starts: number[] = [];
      let end = 0;
      for (const { word, offset } of words) {
        // Two words are one name only where nothing but a joint stands between them: orderId, order_id, order-id.
        const between = file.text.slice(end, offset);
        line += /^[-_]?$/.test(between) ? " " : " . ";
        while (starts.length < line.length) starts.push(offset);
        line += word;
        while (starts.length < line.length) starts.push(offset);
        end = offset + word.length;
      }
      for (const match of line.matchAll(pattern)) yield refuse(starts[match.index]!, match[0]);
    }
  }
};
