import { type Instance, type Logger, silentLogger } from "pangaea";
import { beforeEach, describe, expect, it } from "vitest";
import { recordText } from "../../src/discovery/record.js";
import { Sightings } from "../../src/discovery/sightings.js";
import { HandClock } from "./hand-clock.js";

const lease = { heartbeatMs: 1_000, suspectMs: 3_000, leaseMs: 10_000 };
const instanceOf = (id: string): Instance => ({
  id,
  process: id,
  services: { [id]: 1 },
  addresses: { http: `http://${id}` },
  weight: 1,
});

let clock: HandClock;
let warnings: string[];
let sightings: Sightings;
/** What the board shows, by id. */
let board: Map<string, string>;
let beats = 0;

beforeEach(() => {
  clock = new HandClock();
  warnings = [];
  board = new Map();
  const { debugging, debug, info, error, child } = silentLogger;
  const warn: Logger["warn"] = (message) => void warnings.push(message);
  sightings = new Sightings(lease, { debugging, debug, info, warn, error, child });
});

const beat = (id: string, lagMs = 0, beatName = String(++beats)) =>
  board.set(id, recordText({ instance: instanceOf(id), beat: beatName, lagMs }));
const look = () => sightings.take(board, clock.now());
/** So many seconds pass, in each of which these beat and the observer looks. */
const seconds = (count: number, ...ids: readonly string[]) => {
  for (let second = 0; second < count; second++) {
    for (const id of ids) beat(id);
    clock.advance(1_000);
    look();
  }
};
const shown = () => sightings.instances.map(({ id, isSuspect }) => `${id}${isSuspect === true ? "?" : ""}`).join(" ");

describe("an observer of a registry", () => {
  it("takes an instance for suspect when it is silent, for gone after its lease, and for well when it is back", () => {
    seconds(1, "a", "b");
    seconds(3, "a");
    expect(shown()).toBe("a b");
    seconds(1, "a");
    expect(shown()).toBe("a b?");
    seconds(1, "a", "b");
    expect(shown()).toBe("a b");
    seconds(10, "a");
    expect(shown()).toBe("a b?");
    seconds(1, "a");
    expect(shown()).toBe("a");
    expect(warnings.filter((text) => text.includes("suspect"))).toHaveLength(2);
    expect(warnings.filter((text) => text.includes("gone"))).toHaveLength(1);
  });

  it("takes an instance for suspect while its event loop is late, however regular its heartbeat", () => {
    seconds(1, "a", "b");
    beat("b", 3_001);
    look();
    expect(shown()).toBe("a b?");
    beat("b", 2_999);
    look();
    expect(shown()).toBe("a b");
  });

  it("asks no clock that people set, and none of others", () => {
    seconds(1, "a");
    clock.jump(3_600_000);
    seconds(1, "a");
    clock.jump(-7_200_000);
    seconds(1, "a");
    expect(shown()).toBe("a");
  });

  it("does not count time in which it stood still itself, or could not ask", () => {
    seconds(1, "a", "b");
    clock.stall(60_000);
    look();
    expect(shown()).toBe("a b");
    seconds(1, "a", "b");
    expect(shown()).toBe("a b");
  });

  it("takes a missing record for no proof: only a goodbye, or silence, ends an instance", () => {
    seconds(1, "a", "b");
    board.delete("b");
    seconds(2, "a");
    expect(shown()).toBe("a b");
    board.set("a", recordText({ closed: true }));
    look();
    expect(shown()).toBe("b");
  });

  it("does not believe a registry that shows nobody at all", () => {
    seconds(1, "a", "b");
    board.clear();
    seconds(60);
    expect(shown()).toBe("a b");
    seconds(8, "a");
    expect(shown()).toBe("a b?");
  });

  it("says whether the list has changed", () => {
    beat("a");
    expect(look()).toBe(true);
    beat("a");
    expect(look()).toBe(false);
  });

  it("leaves out nonsense, also what has become so, and keeps what it knew", () => {
    seconds(1, "a");
    board.set("a", "{}");
    board.set("b", recordText({ instance: instanceOf("c"), beat: "1", lagMs: 0 }));
    seconds(2);
    expect(shown()).toBe("a");
    expect(warnings.filter((text) => text.includes("left out"))).toHaveLength(2);
  });

  it("takes nobody's word that he, or somebody else, is suspect", () => {
    board.set("a", recordText({ instance: { ...instanceOf("a"), isSuspect: true }, beat: "1", lagMs: 0 }));
    look();
    expect(shown()).toBe("a");
  });
});
