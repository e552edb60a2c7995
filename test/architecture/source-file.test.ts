import { describe, expect, it } from "vitest";
import { readSource } from "./source-file.js";
import { treeOf } from "./tree.js";
import { codeWordsOf, singularOf } from "./words.js";

const specifiers = (text: string) => readSource("a.ts", text).imports.map(({ specifier }) => specifier);

describe("the imports of a file", () => {
  it.each([
    ["a default", `import a from "./a.js";`],
    ["names over several lines", `import {\n  a,\n  type B,\n} from './a.js';`],
    ["everything", `import * as a from "./a.js";`],
    ["types", `import type { A } from "./a.js";`],
    ["an effect", `import "./a.js";`],
    ["a re-export", `export { a } from "./a.js";`],
    ["a re-export of everything", `export * from "./a.js";`],
    ["a type's own import", `let a: typeof import("./a.js");`],
    ["an import at run time", "const a = await import(`./a.js`);"],
    ["a require", `const a = require("./a.js");`],
    ["one behind a regular expression with a quote", `const q = x.replace(/["/]/g, ""); import "./a.js";`],
    ["one behind a division", `const q = a / b; import "./a.js"; const r = c / d;`],
    ["one behind a template in a template", 'const q = `${`"${a}`}`; import "./a.js";'],
    ["one inside a template's hole", "const q = `${await import('./a.js')} {`;"],
  ])("include %s", (_what, text) => {
    expect(specifiers(text)).toEqual(["./a.js"]);
  });

  it.each([
    ["a comment", `// import "./a.js";\n/* import "./a.js"; */`],
    ["a string", `const text = 'import "./a.js";';`],
    ["a template", 'const text = `import "./a.js"; ${b}`;'],
    ["a method of that name", `loader.import("./a.js");`],
    ["the module's own address", `const here = import.meta.url;`],
  ])("do not include %s", (_what, text) => {
    expect(specifiers(text)).toEqual([]);
  });

  it.each(["import(name)", "import(`./${name}.js`)", "import('./' + name)", "createRequire(here)"])(
    "include, without a place, what is worked out at run time: %s",
    (text) => {
      expect(specifiers(text)).toEqual([undefined]);
    },
  );
});

it("keeps every offset where it was when it blanks comments and literals", () => {
  const text = `const a = "x"; // y\nconst b = /"/;\nlet c = \`p\${a}q\`;`;
  const { code } = readSource("a.ts", text);
  expect(code).toBe(`const a = " ";     \nconst b =    ;\nlet c = \` \${a} \`;`);
});

it("reads identifiers hump by hump", () => {
  const words = codeWordsOf(readSource("a.ts", `const redisURLOf = PANGAEA_PORT2 + "quoted";`)).map(({ word }) => word);
  expect(words).toEqual(["const", "redis", "url", "of", "pangaea", "port", "2"]);
  expect(["orders", "categories", "addresses", "stock", "class"].map(singularOf)).toEqual([
    "order",
    "category",
    "address",
    "stock",
    "class",
  ]);
});

it("finds a module's tables in its migrations, however they are written", () => {
  const { tables } = treeOf({
    "package.json": `{ "name": "framework" }`,
    "modules/a/migrations/0001-a.ts": `db.schema.createTable("one"); sql\`create table if not exists "two" (id text)\`;`,
    "modules/a/a-repository.ts": `const text = "create table elsewhere (id text)";`,
  });
  expect(tables.get("a")).toEqual(new Set(["one", "two"]));
});
