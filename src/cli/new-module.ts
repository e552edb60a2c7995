import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { processOf, type Topology } from "../core/topology.js";
import { loadTopology } from "../runtime/load-topology.js";
import { projectRoot } from "../runtime/project.js";
import { camelCase, moduleFiles, takenWords } from "./module-files.js";
import { UsageError } from "./usage-error.js";

const namePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const longest = 63;
/** What the files import, beside the framework itself. */
const packages = ["pangaea", "zod", "inversify", "kysely", "vitest"];

/** Writes a module that works, with its test, into the project of the current folder, and says how to place it. */
export async function newModule(name: string): Promise<number> {
  refuseBadName(name);
  const root = projectRoot(".");
  const folder = join(root, "modules", name);
  const shown = relative(".", folder);
  if (existsSync(folder)) throw new UsageError(`${shown} exists already; choose another name, or remove it first.`);

  const files = moduleFiles(name);
  for (const [path, text] of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: "wx" });
  }
  const made = [...files.keys()].map((path) => `  ${join(shown, path)}`);
  const lines = ["Made", ...made, "", "To run it, place it in a topology:", ...(await placements(root, name))];
  const missing = await missingPackages(root);
  if (missing.length > 0) lines.push("", `Its imports are not in package.json yet: npm install ${missing.join(" ")}`);
  lines.push("", `Its test: npx vitest run ${join(shown, `${name}.test.ts`)}`);
  process.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}

function refuseBadName(name: string): void {
  if (!namePattern.test(name) || name.length > longest) {
    throw new UsageError(
      `"${name}" is no name for a module; write lower case letters, digits and single dashes, beginning with a letter ` +
        `and at most ${longest} long: gift-cards.`,
    );
  }
  // A process answers for itself under this name.
  if (name.startsWith("process-")) {
    throw new UsageError(`"${name}" is no name for a module: names with "process-" are the framework's own.`);
  }
  if (takenWords.has(camelCase(name))) {
    throw new UsageError(`"${name}" is a word that a module's own code needs; choose another name.`);
  }
}

/** Which line brings the module into each topology file of the project. */
async function placements(root: string, name: string): Promise<string[]> {
  const folder = join(root, "config");
  const files = existsSync(folder) ? (await readdir(folder)).filter((file) => /\.ya?ml$/.test(file)).toSorted() : [];
  const topologies = await Promise.all(files.map((file) => readable(relative(".", join(folder, file)))));
  const lines = topologies.flatMap((topology) =>
    topology === undefined || processOf(topology, name) !== undefined ? [] : [`  ${placement(topology, name)}`],
  );
  return lines.length > 0 ? lines : [`  modules: [${name}]   (in a process of the topology file)`];
}

function placement({ file, processes }: Topology, name: string): string {
  const [only, another] = processes;
  if (only !== undefined && another === undefined) {
    return `${file}: processes.${only.name}:  modules: [${[...only.modules, name].join(", ")}]`;
  }
  return `${file}: processes:  ${name}: { modules: [${name}] }`;
}

/** Undefined for a file that is no topology: this command is not the one to complain about it. */
const readable = (file: string): Promise<Topology | undefined> => loadTopology(file).catch(() => undefined);

async function missingPackages(root: string): Promise<string[]> {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    name?: string;
    dependencies?: object;
    devDependencies?: object;
  };
  const there = { ...manifest.dependencies, ...manifest.devDependencies };
  return packages.filter((name) => name !== manifest.name && !Object.hasOwn(there, name));
}
