import { type Instance, silentLogger } from "pangaea";
import { beforeEach, describe, expect, it } from "vitest";
import type { Answered } from "../../src/core/meter.js";
import { CallMeters } from "../../src/observability/call-meters.js";
import { deploy } from "../../src/runtime/deploy.js";
import { parseTopology } from "../../src/runtime/load-topology.js";
import { Rollout } from "../../src/runtime/rollout.js";
import { type SpawnOptions, Supervisor } from "../../src/runtime/supervisor.js";
import { FakeChild } from "./fake-child.js";
import { HandClock } from "./hand-clock.js";

const topology = parseTopology(
  "x.yaml",
  "name: x\nprocesses:\n  edge: { gateway: {} }\n  free: { replicas: 2 }\n  alone: {}\n",
);
const whyAlone = ({ name }: { name: string }) => (name === "alone" ? "its data has one owner" : undefined);
const tick = () => new Promise(setImmediate);

/** A child with what it was started as. */
class Spawned extends FakeChild {
  constructor(
    readonly how: SpawnOptions,
    readonly process: string,
    pid: number,
    log: string[],
  ) {
    super(how.name, pid, log);
  }

  instance(): Instance {
    return { id: `${this.name}-${this.pid}`, process: this.process, services: {}, addresses: {}, weight: 1 };
  }
  become(): void {
    this.say({ type: "register", instance: this.instance() });
    this.say({ type: "ready", addresses: {} });
  }
}

let clock: HandClock;
let log: string[];
let children: Spawned[];
let supervisor: Supervisor;
let rollout: Rollout;
/** What a child does as soon as it is started. */
let onSpawn: (child: Spawned) => void;

/** A child that does at once what it is told. */
const obedient = (child: Spawned): void => {
  const send = child.send.bind(child);
  child.send = (message) => {
    send(message);
    if (message.type === "stop") child.exit(0);
    if (message.type === "go") child.become();
    if (message.type === "traffic") {
      child.say({ type: "traffic", question: message.question, counts: traffic(child) });
    }
  };
  if (child.how.waits) queueMicrotask(() => child.say({ type: "prepared" }));
  else queueMicrotask(() => child.become());
};
let traffic: (child: Spawned) => Answered;

beforeEach(async () => {
  clock = new HandClock();
  log = [];
  children = [];
  onSpawn = obedient;
  traffic = () => ({ calls: 100, failed: 0, latencies: [100] });
  const spawn = ({ name }: { name: string }, how: SpawnOptions) => {
    log.push(`${how.name} is started${how.build === undefined ? "" : ` from ${how.build}`}`);
    const child = new Spawned(how, name, children.length + 1, log);
    children.push(child);
    onSpawn(child);
    return child;
  };
  supervisor = new Supervisor({ topology, spawn, clock, logger: silentLogger, whyAlone, stopTimeoutMs: 1_000 });
  rollout = new Rollout(supervisor);
  await supervisor.start();
  log.length = 0;
});

const living = () => supervisor.status.map(({ name, pid }) => [name, pid]);

describe("a rolling restart", () => {
  it("has the new process ready before the old one is told to leave, one after the other, the edge last", async () => {
    expect(await rollout.restart()).toEqual(["free.1", "free.2", "alone", "edge"]);
    const freely = (name: string) => [`${name} is started`, `${name} is told to stop`, `${name} ends`];
    expect(log).toEqual([
      ...freely("free.1"),
      ...freely("free.2"),
      "alone is started",
      "alone is told to stop",
      "alone ends",
      "alone is told to go",
      ...freely("edge"),
    ]);
    expect(supervisor.status.map(({ state, restarts }) => `${state} ${restarts}`)).toEqual(Array(4).fill("ready 0"));
    await supervisor.stop();
  });

  it("lets what must be alone load beside the old one, and own nothing before that one is told to leave", async () => {
    await rollout.restart("alone");
    const fresh = children.at(-1)!;
    expect(fresh.how.waits).toBe(true);
    const order = fresh.received.map(({ type }) => type);
    expect(order.indexOf("go")).toBeGreaterThan(0);
    await supervisor.stop();
  });

  it("tells a process to stop only when every peer has said that it sends nothing there any more", async () => {
    const [edge, first, second] = children as [Spawned, Spawned, Spawned];
    second.acknowledges = false;
    const restarted = rollout.restart("free");
    await clock.until(() => children.length === 5);
    await tick();
    await tick();
    const told = edge.received.findLast((message) => message.type === "instances")!;
    expect(told.instances.find(({ id }) => id === "free.1-2")?.isDraining).toBe(true);
    expect(first.received.some(({ type }) => type === "stop")).toBe(false);
    second.acknowledges = true;
    second.say({ type: "acknowledge", list: told.list! });
    await restarted;
    expect(first.received.some(({ type }) => type === "stop")).toBe(true);
    await supervisor.stop();
  });

  it("does not wait for ever for a peer that says nothing", async () => {
    children[2]!.acknowledges = false;
    let restarted = false;
    const restart = rollout.restart("edge").then(() => (restarted = true));
    await clock.until(() => restarted, 6_000);
    await restart;
    expect(clock.now()).toBeGreaterThan(4_900);
    await supervisor.stop();
  });

  it("leaves the old process at work where the new one does not come up, and says so", async () => {
    const before = living();
    onSpawn = (child) => {
      obedient(child);
      child.say = () => {};
      child.exit(1);
    };
    await expect(rollout.restart("free")).rejects.toThrow("The new free.1 ended; its log says why.");
    expect(living()).toEqual(before);
    onSpawn = obedient;
    await supervisor.stop();
  });

  it("starts what is held at once", async () => {
    const held = () => supervisor.status.find(({ name }) => name === "alone")!;
    onSpawn = (child) => queueMicrotask(() => child.exit(1));
    children[3]!.exit(1);
    await clock.until(() => held().state === "held");
    const before = clock.now();
    onSpawn = obedient;
    await rollout.restart("alone");
    expect(clock.now() - before).toBeLessThan(1_000);
    expect(held().state).toBe("ready");
    await supervisor.stop();
  });

  it("refuses what nobody knows, and a second operation while one is under way", async () => {
    await expect(rollout.restart("fre")).rejects.toThrow('There is no process "fre"; there are edge, free, alone.');
    const first = rollout.restart();
    await expect(rollout.restart("edge")).rejects.toThrow("The restart of every process is still under way.");
    await first;
    await supervisor.stop();
  });
});

describe("scaling", () => {
  it("adds replicas with names of their own, and takes away the last ones after they have drained", async () => {
    await rollout.scale("free", 4);
    expect(living().map(([name]) => name)).toEqual(["edge", "free.1", "free.2", "free.3", "free.4", "alone"]);
    const last = children.at(-1)!;
    await rollout.scale("free", 1);
    expect(living().map(([name]) => name)).toEqual(["edge", "free", "alone"]);
    expect(last.received.some(({ type }) => type === "stop")).toBe(true);
    await supervisor.stop();
  });

  it("refuses several of what must be alone, and says why", async () => {
    await expect(rollout.scale("alone", 2)).rejects.toThrow("alone cannot run 2 times: its data has one owner.");
    await expect(rollout.scale("free", 0)).rejects.toThrow("free=0: give a whole number from 1 to 64.");
    expect(children).toHaveLength(4);
    await supervisor.stop();
  });

  it("takes away again what does not come up", async () => {
    onSpawn = (child) => queueMicrotask(() => child.exit(1));
    await expect(rollout.scale("free", 3)).rejects.toThrow("free.3 does not become ready");
    expect(living()).toHaveLength(4);
    onSpawn = obedient;
    await supervisor.stop();
  });
});

describe("a deployment", () => {
  const deployed = async (): Promise<string[]> => {
    let settled = false;
    const deploying = deploy({ supervisor, rollout, build: "/new", watchMs: 1_000 }).finally(() => (settled = true));
    deploying.catch(() => {});
    await clock.until(() => settled);
    return deploying;
  };
  const builds = () => supervisor.status.map(({ build }) => build);

  it("replaces every process by one of the new build", async () => {
    expect(await deployed()).toEqual(["free.1", "free.2", "alone", "edge"]);
    expect(builds()).toEqual(Array(4).fill("/new"));
    await supervisor.stop();
  });

  it.each<[string, (child: Spawned) => Answered, RegExp]>([
    [
      "fails more often",
      ({ how }) => ({ calls: 100, failed: how.build === "/new" ? 8 : 1, latencies: [] }),
      /The new free\.1 is worse: 8 of 100 calls failed/,
    ],
  ])("goes back by itself where a new process %s", async (_what, counts, message) => {
    traffic = counts;
    await expect(deployed()).rejects.toThrow(message);
    expect(builds()).toEqual(Array(4).fill(undefined));
    expect(supervisor.status.map(({ state }) => state)).toEqual(Array(4).fill("ready"));
    await supervisor.stop();
  });

  it("goes back by itself, with all that was replaced before, where a new process answers much more slowly", async () => {
    const asked = new Map<number, number>();
    traffic = ({ pid, how, process }) => {
      const times = (asked.get(pid) ?? 0) + 1;
      asked.set(pid, times);
      const meters = new CallMeters(clock);
      const tookMs = how.build === "/new" && process === "alone" ? 60_000 : 1;
      for (let call = 0; call < 100 * times; call++)
        meters.of("server", "s", "m").end("ok", { clock, madeAt: clock.now() - tookMs });
      meters.close();
      return meters.answered();
    };
    await expect(deployed()).rejects.toThrow(/The new alone is worse: its 95th percentile is \d+ ms/);
    expect(builds()).toEqual(Array(4).fill(undefined));
    await supervisor.stop();
  });

  it("goes back by itself where a new process does not stand", async () => {
    onSpawn = (child) => {
      obedient(child);
      if (child.how.build === "/new") clock.after(400, () => child.exit(1));
    };
    await expect(deployed()).rejects.toThrow("The new free.1 did not stand for 1000 ms");
    expect(builds()).toEqual(Array(4).fill(undefined));
    await supervisor.stop();
  });
});
