import { type Instance, silentLogger } from "pangaea";
import { beforeEach, describe, expect, it } from "vitest";
import { parseTopology } from "../../src/runtime/load-topology.js";
import { configurationExitCode, Supervisor } from "../../src/runtime/supervisor.js";
import { FakeChild } from "./fake-child.js";
import { HandClock } from "./hand-clock.js";

const topology = parseTopology("x.yaml", "name: x\nprocesses:\n  inner: {}\n  edge: { gateway: {} }\n  other: {}\n");
const tick = () => new Promise(setImmediate);

let clock: HandClock;
let log: string[];
let children: FakeChild[];
let supervisor: Supervisor;

beforeEach(() => {
  clock = new HandClock();
  log = [];
  children = [];
  const spawn = ({ name }: { name: string }) => {
    log.push(`${name} is started`);
    const child = new FakeChild(name, children.length + 1, log);
    children.push(child);
    return child;
  };
  supervisor = new Supervisor({ topology, spawn, clock, logger: silentLogger, stopTimeoutMs: 1_000 });
});

const current = (name: string) => children.findLast((child) => child.name === name)!;
const status = (name: string) => supervisor.status.find((process) => process.name === name)!;
const instanceOf = (process: string): Instance => ({
  id: `${process}-1`,
  process,
  services: { [process]: 1 },
  addresses: {},
  weight: 1,
});
const becomeReady = (name: string) => {
  current(name).say({ type: "register", instance: instanceOf(name) });
  current(name).say({ type: "ready", addresses: { http: `http://${name}` } });
};
async function startAll(): Promise<void> {
  const started = supervisor.start();
  for (const { name } of topology.processes) becomeReady(name);
  await started;
}
/** Stops, with children that end as soon as they are told to. */
async function stopAll(): Promise<void> {
  for (const child of children) {
    const send = child.send.bind(child);
    child.send = (message) => {
      send(message);
      if (message.type === "stop") child.exit(0);
    };
  }
  await supervisor.stop();
}

describe("a supervisor", () => {
  it("has started when every process says that it is ready, in whatever order", async () => {
    let started = false;
    const start = supervisor.start().then(() => (started = true));
    expect(children.map(({ name }) => name)).toEqual(["inner", "edge", "other"]);
    becomeReady("other");
    becomeReady("inner");
    await tick();
    expect(started).toBe(false);
    becomeReady("edge");
    await start;
    expect(status("edge")).toEqual({
      name: "edge",
      process: "edge",
      replica: 1,
      pid: 2,
      state: "ready",
      restarts: 0,
      addresses: { http: "http://edge" },
    });
    await stopAll();
  });

  it("tells every process, newcomers too, who is there, and who no longer is", async () => {
    await startAll();
    for (const child of children) expect(child.known).toEqual(["inner", "edge", "other"]);
    current("other").say({ type: "deregister", id: "other-1" });
    expect(current("edge").known).toEqual(["inner", "edge"]);
    current("inner").exit(null);
    await tick();
    expect(current("edge").known).toEqual(["edge"]);
    await clock.until(() => status("inner").state === "starting");
    expect(current("inner").known).toEqual(["edge"]);
    await stopAll();
  });

  it("starts a crashed process again, each time after twice the wait, and soon again once it has stood", async () => {
    await startAll();
    const waits: number[] = [];
    const crash = async () => {
      const before = clock.now();
      const pid = status("inner").pid;
      current("inner").exit(1);
      await tick();
      expect(status("inner")).toMatchObject({ state: "restarting", pid: undefined });
      await clock.until(() => status("inner").pid !== undefined && status("inner").pid !== pid, 60_000, 10);
      waits.push(clock.now() - before);
      becomeReady("inner");
    };
    for (let time = 0; time < 9; time++) await crash();
    expect(waits.map((ms) => Math.round(ms / 100) * 100)).toEqual([
      100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000,
    ]);
    clock.advance(30_001);
    await crash();
    expect(waits.at(-1)).toBeLessThan(150);
    expect(status("inner").restarts).toBe(10);
    expect(children.filter(({ name }) => name !== "inner")).toHaveLength(2);
    await stopAll();
  });

  it("hears nothing that a process says after its end", async () => {
    await startAll();
    const former = current("inner");
    former.exit(1);
    await tick();
    former.say({ type: "register", instance: instanceOf("inner") });
    expect(current("edge").known).toEqual(["edge", "other"]);
    await stopAll();
  });

  it("gives up where a process says that it can never start as it is configured", async () => {
    const start = supervisor.start();
    becomeReady("edge");
    current("inner").exit(configurationExitCode);
    await expect(start).rejects.toThrow("Process inner cannot start as it is configured.");
    clock.advance(60_000);
    await tick();
    expect(log.filter((line) => line === "inner is started")).toHaveLength(1);
    await stopAll();
  });

  it("stops the edge first, and the rest only when the edge is gone", async () => {
    await startAll();
    log.length = 0;
    const stopped = supervisor.stop();
    await tick();
    expect(log).toEqual(["edge is told to stop"]);
    current("edge").exit(0);
    await tick();
    expect(log.slice(1)).toEqual(["edge ends", "inner is told to stop", "other is told to stop"]);
    current("inner").exit(0);
    current("other").exit(0);
    await stopped;
    expect(supervisor.status.map(({ state }) => state)).toEqual(["stopped", "stopped", "stopped"]);
    expect(clock.timers).toBe(0);
  });

  it("kills what does not stop in its time, and nothing before", async () => {
    await startAll();
    const stopped = supervisor.stop();
    clock.advance(999);
    await tick();
    expect(current("edge").killed).toBe(false);
    clock.advance(1);
    await tick();
    expect(current("edge").killed).toBe(true);
    current("inner").exit(0);
    current("other").exit(0);
    await stopped;
    expect(current("inner").killed).toBe(false);
  });

  it("starts nothing any more once it is told to stop, not even what is waiting to be started again", async () => {
    await startAll();
    current("inner").exit(1);
    await tick();
    await stopAll();
    clock.advance(60_000);
    await tick();
    expect(log.filter((line) => line === "inner is started")).toHaveLength(1);
    expect(status("inner").state).toBe("stopped");
  });

  it("tells everybody which process is suspect: it was blocked, or is silent, and no longer once it is well", async () => {
    await startAll();
    const suspects = () => current("edge").suspects;
    const beats = (lagMs: number, ...processes: readonly string[]) => {
      for (const name of processes) current(name).say({ type: "beat", lagMs });
    };
    for (let second = 0; second < 3; second++) {
      beats(0, "inner", "edge");
      clock.advance(1_000);
    }
    expect(suspects()).toEqual([]);
    beats(3_001, "inner");
    expect(suspects()).toEqual(["inner"]);
    beats(0, "inner");
    expect(suspects()).toEqual([]);
    for (let second = 0; second < 4; second++) {
      clock.advance(1_000);
      beats(0, "edge");
    }
    // Who has never sent a heartbeat is not expected to.
    expect(suspects()).toEqual(["inner"]);
    // The supervisor itself stood still: nobody else is silent for that.
    beats(0, "inner", "edge");
    clock.stall(60_000);
    expect(suspects()).toEqual([]);
    await stopAll();
    expect(clock.timers).toBe(0);
  });

  it("can be stopped before it has started", async () => {
    const start = supervisor.start();
    await stopAll();
    await start;
    expect(supervisor.status.map(({ state }) => state)).toEqual(["stopped", "stopped", "stopped"]);
  });
});
