import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import BetterSqlite from "better-sqlite3";
import { failpointNames } from "../../src/core/failpoints.js";
import type { RedisServer } from "../../src/testing/redis-server.js";
import type { ChaosSystem } from "./chaos-system.js";
import type { Random } from "./random.js";

/** What a fault may hurt. */
interface Target {
  readonly system: ChaosSystem;
  readonly dataDir: string;
  /** Present where the layout uses it. */
  readonly redis: RedisServer | undefined;
  /** The folder in which `redis` finds its dump. */
  readonly redisFolder: string;
  readonly random: Random;
}

/** Something that goes wrong. */
export interface Fault {
  readonly name: string;
  /** Only where the layout uses Redis. */
  readonly needsRedis?: boolean;
  /** Only where some process is not the gateway. */
  readonly needsInnerProcess?: boolean;
  /** Keeps the data on a disk of its own, so large. Bytes. */
  readonly diskBytes?: number;
  /** The environment that processes are first started with; the fault then happens by itself, as the death of one. */
  readonly firstEnv?: (random: Random) => Readonly<Record<string, string>>;
  /** Before the first request. */
  readonly prepare?: (target: Target) => Promise<void>;
  /** Happens while orders come in; resolves when it is over. */
  readonly inject?: (target: Target) => Promise<void>;
}

/** Longer than any lease, and than the heartbeats that keep it. */
const pauseMs = 6_000;
const outageMs = 2_500;

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

const failpoints: Fault[] = failpointNames.map((name) => ({
  name,
  firstEnv: (random) => ({ PANGAEA_FAILPOINT: `${name}@${1 + random.below(3)}` }),
}));

const processes: Fault[] = [
  {
    name: "kill -9, one process after the other",
    async inject({ system, random }) {
      for (let kills = 3; kills > 0; kills--) {
        if (system.processes.length > 0) system.signal(random.pick(system.processes), "SIGKILL");
        await pause(300 + random.below(1_500));
      }
    },
  },
  {
    name: "kill -9, every process at once",
    inject({ system }) {
      for (const name of system.processes) system.signal(name, "SIGKILL");
      return Promise.resolve();
    },
  },
  {
    name: "paused past a lease",
    async inject({ system, random }) {
      const name = random.pick(system.processes);
      system.signal(name, "SIGSTOP");
      await pause(pauseMs);
      system.signal(name, "SIGCONT");
    },
  },
  {
    name: "paused past a lease, replaced, resumed",
    needsInnerProcess: true,
    async inject({ system, random }) {
      const name = random.pick(system.processes.filter((each) => !system.isGateway(each)));
      system.signal(name, "SIGSTOP");
      await pause(pauseMs);
      const signalOld = system.abandon(name);
      await pause(pauseMs);
      signalOld("SIGCONT");
      await pause(pauseMs);
      signalOld("SIGKILL");
    },
  },
];

/** A command in Redis's plainest form; resolves with its answer. */
const command = ({ port }: RedisServer, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${text}\r\n`));
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });

const dumpOf = ({ redisFolder }: Target): string => join(redisFolder, "dump.rdb");

const brokers: readonly Fault[] = [
  {
    name: "Redis killed",
    needsRedis: true,
    async inject({ redis }) {
      await redis!.kill();
      await pause(outageMs);
      await redis!.restart();
    },
  },
  {
    name: "Redis paused",
    needsRedis: true,
    async inject({ redis }) {
      redis!.pause();
      await pause(pauseMs);
      redis!.resume();
    },
  },
  {
    name: "FLUSHALL",
    needsRedis: true,
    async inject({ redis }) {
      await command(redis!, "FLUSHALL");
    },
  },
  {
    name: "Redis wiped",
    needsRedis: true,
    async inject(target) {
      const { redis } = target;
      await command(redis!, "SAVE");
      await redis!.kill();
      await rm(dumpOf(target), { force: true });
      await redis!.restart();
    },
  },
  {
    name: "Redis with an older dump",
    needsRedis: true,
    async prepare({ redis }) {
      await command(redis!, "SAVE");
    },
    async inject({ redis }) {
      // It keeps nothing on its way down, and reads what was saved before the first order.
      await redis!.kill();
      await redis!.restart();
    },
  },
];

/** Takes what is left of a disk. */
function fill(file: string): void {
  const chunk = Buffer.alloc(64 * 1024);
  const descriptor = openSync(file, "w");
  try {
    for (let size = chunk.length; size > 0;) {
      try {
        writeSync(descriptor, chunk, 0, size);
      } catch {
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

const storage: Fault[] = [
  {
    name: "disk full",
    diskBytes: 24 * 1024 * 1024,
    async inject({ dataDir }) {
      const file = join(dataDir, "filler");
      fill(file);
      await pause(outageMs);
      rmSync(file);
    },
  },
  {
    name: "database locked",
    async inject({ dataDir, random }) {
      const module = random.pick(["orders", "inventory", "payments", "notifications"]);
      const other = new BetterSqlite(join(dataDir, `${module}.db`), { timeout: 10_000 });
      other.exec("begin immediate");
      await pause(outageMs);
      other.exec("rollback");
      other.close();
    },
  },
];

/** Everything that can go wrong, failpoints first. */
export const faults: readonly Fault[] = [...failpoints, ...processes, ...brokers, ...storage];
