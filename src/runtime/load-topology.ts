import { readFile } from "node:fs/promises";
import { type Document, parseDocument } from "yaml";
import { z } from "zod";
import type { ProcessSpec, Topology } from "../core/topology.js";
import { resilienceKeys, resilienceOf } from "./parse-resilience.js";
import { registrySpec } from "./registry-spec.js";
import { ConfigurationError } from "./settings.js";

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, "lower case letters, digits and dashes");
const listen = z.union([name, z.array(name), z.record(name, z.string())]);

const file = z.strictObject({
  name,
  processes: z.record(
    name,
    z.strictObject({
      modules: z.array(name).default([]),
      gateway: z
        .strictObject({ host: z.string().optional(), port: z.int().min(0).max(65_535).optional() })
        .nullish()
        .transform((value) => value ?? undefined)
        .optional(),
      listen: listen.optional(),
      replicas: z.int().min(1).max(64).optional(),
      weight: z.number().positive().optional(),
      zone: name.optional(),
    }),
  ),
  without: z.array(name).default([]),
  routes: z.record(name, name).default({ default: "http" }),
  database: z
    .union([z.string(), z.record(name, z.string())])
    .transform((value) => (typeof value === "string" ? { default: value } : value))
    .default({ default: "sqlite" }),
  balance: z.record(name, name).optional(),
  registry: registrySpec,
  transports: z.record(name, z.record(z.string(), z.coerce.string())).default({}),
  resilience: resilienceKeys,
});

const addressesOf = (value: z.output<typeof listen> | undefined): Record<string, string> => {
  if (value === undefined) return {};
  if (typeof value === "string") return { [value]: "" };
  return Array.isArray(value) ? Object.fromEntries(value.map((transport) => [transport, ""])) : value;
};

/** Reads a topology file. Throws a `ConfigurationError` naming file, key and mend; whether it fits the modules is checked later. */
export async function loadTopology(path: string): Promise<Topology> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    throw new ConfigurationError(`${path}: there is no such topology file; name one that is there.`);
  }
  return parseTopology(path, text);
}

/** The same from text; `path` is for messages. */
export function parseTopology(path: string, text: string): Topology {
  const document = parseDocument(text, { uniqueKeys: true });
  const [problem] = document.errors;
  if (problem !== undefined) throw new ConfigurationError(`${path}: ${problem.message}`);
  const parsed = file.safeParse(plain(path, document));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      (issue) => `${path}: ${issue.path.join(".") || "(top)"}: ${describe(issue)}`,
    );
    throw new ConfigurationError(faults.join("\n"));
  }
  const { processes, without, routes, database, balance, registry, transports, resilience } = parsed.data;
  const { default: defaultRoute = "http", ...others } = routes;
  const { default: defaultDatabase = "sqlite", ...databases } = database;
  const specs: ProcessSpec[] = Object.entries(processes).map(([process, spec]) => ({
    name: process,
    modules: spec.modules,
    // "gateway:" with nothing behind it is a gateway with every default.
    gateway: document.hasIn(["processes", process, "gateway"])
      ? { host: spec.gateway?.host, port: spec.gateway?.port }
      : undefined,
    listen: addressesOf(spec.listen),
    replicas: spec.replicas,
    weight: spec.weight,
    zone: spec.zone,
  }));
  return {
    file: path,
    name: parsed.data.name,
    processes: specs,
    without,
    routes: new Map(Object.entries(others)),
    defaultRoute,
    databases: new Map(Object.entries(databases)),
    defaultDatabase,
    balance: balance && new Map(Object.entries(balance)),
    registry,
    transports,
    resilience: resilienceOf(resilience),
  };
}

/** What the document says. Aliases are followed only here: one may lead nowhere, or to far too much. */
function plain(path: string, document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new ConfigurationError(`${path}: ${(error as Error).message}`);
  }
}

function describe(issue: z.core.$ZodIssue): string {
  // What is wrong with the name itself, instead of that something is.
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => message).join("; ");
  if (issue.code !== "unrecognized_keys") return issue.message;
  return `unknown key ${issue.keys.map((key) => `"${key}"`).join(", ")}; remove it or mend its spelling (docs/architecture.md lists the keys)`;
}
