import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Instance, type Registry, silentLogger, systemClock } from "../../src/core/index.js";
import { dnsRegistry, type NamedProcess, nodeResolver } from "../../src/discovery/dns-registry.js";
import { type DnsServer, startDnsServer, type Zone } from "../setup/dns-server.js";
import { runRegistryCases } from "./run-registry-cases.js";

const named: NamedProcess = {
  process: "oak",
  services: { oak: 2 },
  accepts: { oak: 1 },
  addresses: {},
  host: "oak.test",
};

const registryAt = (server: string, port?: number): Registry =>
  dnsRegistry({
    processes: [named],
    port,
    pollMs: 100,
    resolver: nodeResolver(server),
    clock: systemClock,
    logger: silentLogger,
  });

runRegistryCases(
  "dns",
  { registers: false, deaths: "never", hasServer: false },
  {
    clock: systemClock,
    async openSystem() {
      const server = await startDnsServer({ a: { "oak.test": ["10.0.0.1"] } });
      return { createRegistry: () => registryAt(server.address, 4000), close: () => server.stop() };
    },
  },
);

let server: DnsServer;
let registry: Registry;

/** The addresses of the last list, once they are `expected`. */
const shows = async (lists: readonly (readonly Instance[])[], ...expected: readonly string[]) =>
  expect.poll(() => lists.at(-1)!.map(({ addresses }) => addresses.http), { timeout: 40_000 }).toEqual(expected);

const watched = (zone: Zone, port?: number) => {
  server.zone = zone;
  registry = registryAt(server.address, port);
  const lists: (readonly Instance[])[] = [];
  registry.watch((list) => lists.push(list));
  return lists;
};

describe("the dns registry, asking a real name server over UDP,", () => {
  beforeEach(async () => void (server = await startDnsServer({})));
  afterEach(async () => {
    await registry.close();
    await server.stop();
  });

  it("shows an instance for each address of a headless service, of both families, as they come and go", async () => {
    const lists = watched({ a: { "oak.test": ["10.0.0.2", "10.0.0.1"] }, aaaa: { "oak.test": ["fd00::7"] } }, 4000);
    await shows(lists, "http://10.0.0.1:4000", "http://10.0.0.2:4000", "http://[fd00::7]:4000");
    expect(lists.at(-1)![0]).toEqual({
      id: "oak@10.0.0.1:4000",
      process: "oak",
      services: { oak: 2 },
      accepts: { oak: 1 },
      addresses: { http: "http://10.0.0.1:4000" },
      weight: 1,
    });
    expect(registry.missing).toBeUndefined();
    server.zone = { a: { "oak.test": ["10.0.0.2", "10.0.0.3"] } };
    await shows(lists, "http://10.0.0.2:4000", "http://10.0.0.3:4000");
  });

  it("takes ports and weights from SRV records, of the first priority only", async () => {
    const lists = watched({
      srv: {
        "_http._tcp.oak.test": [
          [1, 3, 4001, "a.oak.test"],
          [1, 0, 4002, "b.oak.test"],
          [2, 1, 4003, "c.oak.test"],
        ],
      },
      a: { "a.oak.test": ["10.0.0.1"], "b.oak.test": ["10.0.0.2"], "c.oak.test": ["10.0.0.3"] },
    });
    await shows(lists, "http://10.0.0.1:4001", "http://10.0.0.2:4002");
    expect(lists.at(-1)!.map(({ weight }) => weight)).toEqual([3, 1]);
  });

  it.each([
    ["knows the name no more", {}],
    ["fails", { mood: "servfail" }],
    ["is silent", { mood: "silent" }],
  ] as const)("leaves its watchers on what they last knew while the server %s", async (_what, trouble) => {
    const lists = watched({ a: { "oak.test": ["10.0.0.1"] } }, 4000);
    await shows(lists, "http://10.0.0.1:4000");
    server.zone = trouble;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await shows(lists, "http://10.0.0.1:4000");
    server.zone = { a: { "oak.test": ["10.0.0.9"] } };
    await shows(lists, "http://10.0.0.9:4000");
  });

  it("says what is missing until a name leads somewhere", async () => {
    const lists = watched({}, 4000);
    await expect.poll(() => registry.missing, { timeout: 40_000 }).toContain("oak.test leads nowhere");
    server.zone = { a: { "oak.test": ["10.0.0.1"] } };
    await shows(lists, "http://10.0.0.1:4000");
    expect(registry.missing).toBeUndefined();
  });
});
