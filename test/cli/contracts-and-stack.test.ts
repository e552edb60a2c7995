import { Deadlines, silentLogger, silentMeters, systemClock, systemIds } from "pangaea";
import { describe, expect, it } from "vitest";
import { users } from "../../modules/users/contract.js";
import { createStacks } from "../../src/runtime/stacks.js";
import { runCli } from "./run-cli.js";

describe("pangaea contracts", () => {
  it("prints of every service what it promises", async () => {
    const { code, stdout } = await runCli(["contracts"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^users, version 1$/m);
    expect(stdout).toMatch(/^create +mutation +user +5000 ms +POST \/users \(201\)$/m);
    expect(stdout).toMatch(/^EMAIL_TAKEN +already_exists +409$/m);
    expect(stdout).toMatch(/^confirmed +at-least-once$/m);
    expect(stdout).toMatch(/^storefront, version 1$/m);
  });

  it("prints one of them as JSON", async () => {
    const { stdout } = await runCli(["contracts", "users", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        service: "users",
        version: 1,
        procedures: [{ name: "create", effect: "mutation", http: { route: "POST /users" } }, { name: "get" }],
        events: [],
        errors: [{ reason: "EMAIL_TAKEN", code: "already_exists", status: 409 }, { reason: "USER_NOT_FOUND" }],
      },
    ]);
  });

  it("suggests the service that was meant", async () => {
    const { code, stderr } = await runCli(["contracts", "uesrs"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: there is no service "uesrs"\. Did you mean users\? There are .*\n$/);
  });
});

describe("pangaea stack", () => {
  interface Way {
    readonly title: string;
    readonly layers: readonly { place: string; layer: string; why: string }[];
  }
  const stacks = createStacks({
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
    deadlines: new Deadlines(systemClock),
    meters: silentMeters,
    tracer: { begin() {}, end() {} },
  });
  const roles = (method: string, remote: boolean, transport: string) => [
    ...stacks.client(users, method, remote).map(({ role }) => role),
    ...(remote ? stacks.endpoint("users", transport).stack.map(({ role }) => role) : []),
    transport,
    ...stacks.server(users, method, remote).map(({ role }) => role),
    "UsersService",
  ];
  const layersOf = (way: Way) => way.layers.map(({ layer }) => layer);

  it("prints the layers that the runtime builds, with the edge's transport at its place", async () => {
    const { code, stdout } = await runCli(["stack", "users", "-t", "config/mixed.yaml", "--json"]);
    expect(code).toBe(0);
    const ways = JSON.parse(stdout) as Way[];
    expect(ways.map((way) => way.title)).toEqual([
      "gateway, storefront -> users.create, over in-process",
      "gateway, storefront -> users.get, over in-process",
      "orders -> users.create, over http",
      "orders -> users.get, over http",
    ]);
    expect(ways.map(layersOf)).toEqual([
      roles("create", false, "in-process"),
      roles("get", false, "in-process"),
      roles("create", true, "http"),
      roles("get", true, "http"),
    ]);
    expect(roles("get", true, "http")).not.toEqual(roles("get", false, "http"));
    expect(roles("get", true, "http")).not.toEqual(roles("create", true, "http"));
  });

  it("shows the one edge that is asked for, and each layer's reason", async () => {
    const { stdout } = await runCli(["stack", "users", "-t", "config/split-redis.yaml", "--from", "orders"]);
    expect(stdout).toMatch(/^orders -> users\.create, over redis\n/);
    expect(stdout).toMatch(/^edge +redis +From process orders to process users\.$/m);
    for (const { role, why } of stacks.server(users, "get", true)) {
      expect(stdout.split("\n").some((line) => line.includes(role) && line.endsWith(why))).toBe(true);
    }
  });

  it("shows the way of the events that a service wants", async () => {
    const { stdout } = await runCli(["stack", "notifications", "-t", "config/mixed.yaml"]);
    expect(stdout).toContain("event orders.confirmed -> notifications, at-least-once, over redis");
  });

  it("refuses a service and a caller that the topology does not have", async () => {
    const service = await runCli(["stack", "user"]);
    expect(service).toMatchObject({ code: 2, stderr: expect.stringContaining("Did you mean users?") });
    const caller = await runCli(["stack", "users", "--from", "order"]);
    expect(caller).toMatchObject({ code: 2, stderr: expect.stringContaining("Did you mean orders?") });
  });
});
