import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineContract, defineModule, event, type Module, usualResilience, when } from "pangaea";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { databaseOf } from "../../src/core/topology.js";
import { checkTopology, findTopologyFaults } from "../../src/runtime/check-topology.js";
import { loadTopology, parseTopology } from "../../src/runtime/load-topology.js";
import { ConfigurationError } from "../../src/runtime/settings.js";

const refusalOf = (text: string): string => {
  try {
    parseTopology("x.yaml", text);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
};

const whole = (processes: string, more = ""): string => `name: test\nprocesses:\n${processes}\n${more}`;

describe("a topology file", () => {
  it("is read with a default for what it leaves out", () => {
    const topology = parseTopology(
      "x.yaml",
      whole("  one: { gateway: }\n  two: { modules: [a], listen: [http, redis] }"),
    );
    expect(topology).toEqual({
      file: "x.yaml",
      name: "test",
      processes: [
        { name: "one", modules: [], gateway: { host: undefined, port: undefined }, listen: {} },
        { name: "two", modules: ["a"], gateway: undefined, listen: { http: "", redis: "" } },
      ],
      without: [],
      routes: new Map(),
      defaultRoute: "http",
      databases: new Map(),
      defaultDatabase: "sqlite",
      registry: { kind: "supervisor", heartbeatMs: 1_000, suspectMs: 3_000 },
      transports: {},
      resilience: usualResilience,
    });
  });

  it("says what it says", () => {
    const text = whole(
      '  one: { gateway: { host: "::", port: 0 }, modules: [a], listen: { http: "http://h:1" } }',
      "routes: { default: redis, a: http }\nregistry: { kind: static }\ntransports: { redis: { retries: 3 } }",
    );
    const topology = parseTopology("x.yaml", text);
    expect(topology.processes[0]).toEqual({
      name: "one",
      modules: ["a"],
      gateway: { host: "::", port: 0 },
      listen: { http: "http://h:1" },
    });
    expect(topology).toMatchObject({
      defaultRoute: "redis",
      routes: new Map([["a", "http"]]),
      registry: { kind: "static" },
      transports: { redis: { retries: "3" } },
    });
    expect(parseTopology("x.yaml", whole("  one: {}", "routes: { a: redis }")).defaultRoute).toBe("http");
    expect(parseTopology("x.yaml", whole("  one: { listen: redis }")).processes[0]?.listen).toEqual({ redis: "" });
  });

  it.each([
    [
      "an unknown key",
      whole("  one: {}", "router: {}"),
      'x.yaml: (top): unknown key "router"; remove it or mend its spelling',
    ],
    ["an unknown key of a process", whole("  one: { module: [a] }"), 'x.yaml: processes.one: unknown key "module"'],
    [
      "an unknown key of a gateway",
      whole("  one: { gateway: { ports: 1 } }"),
      'x.yaml: processes.one.gateway: unknown key "ports"',
    ],
    ["a name that is none", whole("  One: {}"), "x.yaml: processes.One"],
    [
      "a module's name that is none",
      whole("  one: { modules: [My] }"),
      "x.yaml: processes.one.modules.0: lower case letters, digits and dashes",
    ],
    [
      "a process with a name that is none",
      whole("  One: {}"),
      "x.yaml: processes.One: lower case letters, digits and dashes",
    ],
    ["a port that is none", whole("  one: { gateway: { port: 70000 } }"), "x.yaml: processes.one.gateway.port"],
    ["an unknown registry", whole("  one: {}", "registry: { kind: consul }"), "x.yaml: registry.kind"],
    ["a database that is a number", whole("  one: {}", "database: 5"), "x.yaml: database"],
    ["no name", "processes: { one: {} }", "x.yaml: name"],
    ["no processes", "name: test", "x.yaml: processes"],
    ["nothing at all", "", "x.yaml: (top)"],
    ["a list", "- one", "x.yaml: (top)"],
    ["broken YAML", "name: [test", "x.yaml: Flow sequence"],
    ["the same key twice", whole("  one: {}\n  one: {}"), "x.yaml: Map keys must be unique"],
    ["two documents", "name: a\n---\nname: b", "x.yaml: Source contains multiple documents"],
    ["an alias that leads nowhere", whole("  one: *lost"), "x.yaml: "],
  ])("is refused with its name, the key and the mend if it has %s", (_what, text, message) => {
    expect(refusalOf(text)).toContain(message);
  });

  it("is refused with everything that is wrong, a line each", () => {
    expect(refusalOf(whole("  one: { port: 1 }\n  two: { modules: 7 }")).split("\n")).toEqual([
      expect.stringContaining("x.yaml: processes.one: unknown key"),
      expect.stringContaining("x.yaml: processes.two.modules: "),
    ]);
  });

  it("is asked for by name where it is missing", async () => {
    await expect(loadTopology("/nowhere/x.yaml")).rejects.toThrow(
      "/nowhere/x.yaml: there is no such topology file; name one that is there",
    );
    const folder = await mkdtemp(join(tmpdir(), "topology-"));
    await writeFile(join(folder, "x.yaml"), whole("  one: {}"));
    expect((await loadTopology(join(folder, "x.yaml"))).file).toBe(join(folder, "x.yaml"));
    await rm(folder, { recursive: true });
  });
});

const Empty = z.object({});
class Service {
  readonly own = 1;
}
const contractOf = (name: string, delivery: "at-least-once" | "best-effort" = "best-effort", version = 1) =>
  defineContract(name, version, {
    procedures: {},
    events: { made: event({ payload: Empty, key: () => "", delivery }) },
  });
const moduleOf = (contract: ReturnType<typeof contractOf>, spec: object = {}): Module =>
  defineModule({ contract, service: Service, ...spec });

const faultsOf = (text: string, ...modules: Module[]): string[] => {
  const known = {
    modules: new Map(modules.map((module) => [module.name, module])),
    transports: ["http", "in-process", "redis"],
  };
  return findTopologyFaults(parseTopology("x.yaml", text), known);
};
const [a, b] = [contractOf("a"), contractOf("b")];
const both = "  one: { gateway: {}, modules: [a] }\n  two: { modules: [b] }";

describe("where a topology keeps its data", () => {
  const kept = moduleOf(a, { migrations: [] });
  const faultsWith = (database: string) =>
    faultsOf(whole("  one: { gateway: {}, modules: [a, b] }", `database: ${database}`), kept, moduleOf(b));

  it("is a file for each module, a server for all, or as it says for each", () => {
    const databases = (more: string) => {
      const topology = parseTopology("x.yaml", whole("  one: { modules: [a, b] }", more));
      return ["a", "b"].map((module) => databaseOf(topology, module));
    };
    const server = "postgres://shop@db.example.org:5432/shop";
    expect(databases("routes: {}")).toEqual(["sqlite", "sqlite"]);
    expect(databases("database: postgres")).toEqual(["postgres", "postgres"]);
    expect(databases(`database: { a: "${server}" }`)).toEqual([server, "sqlite"]);
    expect(databases("database: { default: postgres, b: sqlite }")).toEqual(["postgres", "sqlite"]);
    for (const fine of ["sqlite", "postgres", server, `{ a: "${server}" }`]) expect(faultsWith(fine)).toEqual([]);
  });

  it.each([
    ["mysql", "x.yaml: database.default: give sqlite, postgres (then DATABASE_URL names the server) or an address"],
    ["postgres://host", "x.yaml: database.default: give sqlite, postgres"],
    ['"postgres://shop:secret@host/shop"', "x.yaml: database.default: there is a password in it"],
    ["{ c: postgres }", "x.yaml: database.c: no process has this module; place it or remove the line"],
    ["{ b: postgres }", "x.yaml: database.b: b has no data; give it migrations or remove the line"],
  ])("is refused with the key and the mend, and no password, where it says %s", (database, message) => {
    const faults = faultsWith(database);
    expect(faults).toEqual([expect.stringContaining(message)]);
    expect(faults[0]).not.toContain("secret");
  });
});

describe("a topology for modules", () => {
  it("has no faults where everything has its place", () => {
    const needing = moduleOf(a, { requires: [b], on: [when(b.events.made, Service, async () => {})] });
    expect(faultsOf(whole(both), needing, moduleOf(b))).toEqual([]);
    expect(
      faultsOf(
        whole("  one: { gateway: {}, modules: [a, b] }", "routes: { default: in-process }"),
        needing,
        moduleOf(b),
      ),
    ).toEqual([]);
    expect(faultsOf(whole(both, "routes: { default: redis, b: http }"), needing, moduleOf(b))).toEqual([]);
    const alone = whole("  one: { gateway: {}, modules: [b] }", "without: [a]");
    expect(faultsOf(alone, moduleOf(a), moduleOf(b))).toEqual([]);
  });

  it.each<[string, string, Module[], string]>([
    [
      "an unknown module",
      whole("  one: { gateway: {}, modules: [c] }", "without: [a, b]"),
      [moduleOf(a), moduleOf(b)],
      'processes.one.modules: there is no module "c"; there are a, b',
    ],
    [
      "a module placed twice",
      whole("  one: { gateway: {}, modules: [a] }\n  two: { modules: [a] }"),
      [moduleOf(a)],
      "processes.two.modules: a is placed twice, also in one; a module's data has one owner, so keep one",
    ],
    [
      "a module placed twice in one process",
      whole("  one: { gateway: {}, modules: [a, a] }"),
      [moduleOf(a)],
      "processes.one.modules: a is placed twice, also in one",
    ],
    [
      "a module placed nowhere",
      whole("  one: { gateway: {}, modules: [a] }"),
      [moduleOf(a), moduleOf(b)],
      "processes: no process has the module b; place it, or leave it out by name: without: [b]",
    ],
    [
      "a module that is left out and not there",
      whole("  one: { gateway: {}, modules: [a] }", "without: [b]"),
      [moduleOf(a)],
      'without: there is no module "b"; there are a',
    ],
    [
      "a module that is left out and placed",
      whole("  one: { gateway: {}, modules: [a] }", "without: [a]"),
      [moduleOf(a)],
      "without: a is placed in one; keep one of the two",
    ],
    [
      "no gateway",
      whole("  one: { modules: [a] }"),
      [moduleOf(a)],
      "processes: no process has a gateway; add `gateway: {}` to one",
    ],
    [
      "a route to a module that is nowhere",
      whole("  one: { gateway: {}, modules: [a] }", "routes: { b: http }"),
      [moduleOf(a)],
      "routes.b: no process has this module; place it or remove the route",
    ],
    [
      "in-process between processes",
      whole(both, "routes: { default: in-process }"),
      [moduleOf(a), moduleOf(b)],
      "routes.default: in-process cannot cross processes; use http or redis",
    ],
    [
      "in-process for one service elsewhere",
      whole(both, "routes: { b: in-process }"),
      [moduleOf(a), moduleOf(b)],
      "routes.b: in-process cannot cross processes",
    ],
    [
      "an unknown transport",
      whole(both, "routes: { default: pigeon }"),
      [moduleOf(a), moduleOf(b)],
      'routes.default: there is no transport "pigeon"; there are http, in-process, redis',
    ],
    [
      "settings of an unknown transport",
      whole("  one: { gateway: {}, modules: [a] }", "transports: { pigeon: { url: x } }"),
      [moduleOf(a)],
      'transports.pigeon: there is no transport "pigeon"; there are http, in-process, redis',
    ],
    [
      "an unknown transport to listen on",
      whole("  one: { gateway: {}, modules: [a], listen: pigeon }"),
      [moduleOf(a)],
      'processes.one.listen: "pigeon" cannot be listened on; there are http, redis',
    ],
    [
      "in-process to listen on",
      whole("  one: { gateway: {}, modules: [a], listen: in-process }"),
      [moduleOf(a)],
      'processes.one.listen: "in-process" cannot be listened on',
    ],
    [
      "a listener that the calls do not come to",
      whole(
        "  one: { gateway: {}, modules: [a] }\n  two: { modules: [b], listen: http }",
        "routes: { default: redis }",
      ),
      [moduleOf(a), moduleOf(b)],
      "processes.two.listen: calls to b come over redis, which is not listened on; add it or change routes.b",
    ],
    [
      "a required module that is nowhere",
      whole("  one: { gateway: {}, modules: [a] }", "without: [b]"),
      [moduleOf(a, { requires: [b] }), moduleOf(b)],
      "processes.one.modules: a requires b, which no process has; place it",
    ],
    [
      "a required module in another version",
      whole(both),
      [moduleOf(a, { requires: [contractOf("b", "best-effort", 2)] }), moduleOf(b)],
      "processes.one.modules: a requires b version 2, but version 1 is there",
    ],
    [
      "an event whose producer is nowhere",
      whole("  one: { gateway: {}, modules: [a] }", "without: [b]"),
      [moduleOf(a, { on: [when(b.events.made, Service, async () => {})] }), moduleOf(b)],
      "processes.one.modules: a wants b.made, but no process has b; place it",
    ],
  ])("is refused with file, key and mend for %s", (_what, text, modules, message) => {
    expect(faultsOf(text, ...modules)).toEqual([expect.stringContaining(`x.yaml: ${message}`)]);
  });

  it.each([
    [
      "{ kind: redis, heartbeatMs: 1000, suspectMs: 1500 }",
      "registry.suspectMs: one late heartbeat is nothing; give at least 2000",
    ],
    ["{ kind: etcd, leaseMs: 3500 }", "registry.leaseMs: suspect comes before gone; give at least 4000"],
    ["{ kind: redis, url: 'redis://h1:1,h2:2' }", "registry.url: give the address of one server"],
    ["{ kind: etcd, endpoints: [h:1] }", 'registry.endpoints: "h:1" must be like http://127.0.0.1:2379'],
    ["{ kind: dns, domain: shop.svc, server: ns.shop.svc }", 'registry.server: "ns.shop.svc" must be an IP address'],
  ])("is refused with key and mend for the registry %s", (registry, message) => {
    const text = whole("  one: { gateway: {}, modules: [a] }", `registry: ${registry}`);
    expect(faultsOf(text, moduleOf(a))).toEqual([expect.stringContaining(`x.yaml: ${message}`)]);
  });

  it("may name each registry, which has its times by default", () => {
    const registryOf = (text: string) => parseTopology("x.yaml", whole("  one: {}", `registry: ${text}`)).registry;
    const lease = { heartbeatMs: 1_000, suspectMs: 3_000, leaseMs: 10_000 };
    expect(registryOf("{ kind: redis }")).toEqual({ kind: "redis", ...lease });
    expect(registryOf("{ kind: etcd, leaseMs: 5000 }")).toEqual({
      kind: "etcd",
      prefix: "/pangaea",
      ...lease,
      leaseMs: 5_000,
    });
    expect(registryOf("{ kind: dns, domain: a.b, port: 80 }")).toEqual({
      kind: "dns",
      domain: "a.b",
      port: 80,
      pollMs: 5_000,
    });
  });

  it("may require an older version that the provider accepts", () => {
    const provider = { ...contractOf("b", "best-effort", 3), accepts: 2 };
    const requiring = (version: number) => moduleOf(a, { requires: [contractOf("b", "best-effort", version)] });
    const versions = [1, 2, 3, 4].map(
      (version) => faultsOf(whole(both), requiring(version), { ...moduleOf(b), contract: provider }).length,
    );
    expect(versions).toEqual([1, 0, 0, 1]);
  });

  it("is refused if it names no process", () => {
    expect(faultsOf("name: test\nprocesses: {}")[0]).toBe("x.yaml: processes: name at least one process");
  });

  it("is refused where an event must arrive and one side could not keep it", () => {
    const sure = contractOf("b", "at-least-once");
    const on = [when(sure.events.made, Service, async () => {})];
    const fault = (side: string) =>
      `x.yaml: processes.one.modules: b.made is at-least-once, which needs a database on both sides; ${side} has none: add migrations, or make the event best-effort`;
    expect(faultsOf(whole(both), moduleOf(a, { on }), moduleOf(sure))).toEqual([fault("b"), fault("a")]);
    expect(faultsOf(whole(both), moduleOf(a, { on, migrations: [] }), moduleOf(sure))).toEqual([fault("b")]);
    expect(faultsOf(whole(both), moduleOf(a, { on, migrations: [] }), moduleOf(sure, { migrations: [] }))).toEqual([]);
  });

  it("is refused with all its faults at once", () => {
    const topology = parseTopology("x.yaml", whole("  one: { modules: [a, c] }", "routes: { default: pigeon }"));
    const known = { modules: new Map([["a", moduleOf(a)]]), transports: ["http"] };
    expect(() => checkTopology(topology, known)).toThrow(ConfigurationError);
    expect(() => checkTopology(topology, known)).toThrow(/"c".*\n.*gateway.*\n.*"pigeon"/);
  });
});
