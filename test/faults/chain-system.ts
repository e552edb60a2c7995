import { readFileSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { StatusReport } from "../../src/runtime/process-report.js";
import { loadTopology } from "../../src/runtime/load-topology.js";
import { dataFolder } from "../../src/testing/data-folder.js";
import { type EtcdServer, startEtcdServer } from "../../src/testing/etcd-server.js";
import { freePort } from "../../src/testing/launch.js";
import { type RedisServer, startRedisServer } from "../../src/testing/redis-server.js";
import { type TcpProxy, tcpProxy } from "../../src/testing/tcp-proxy.js";
import { ChaosSystem } from "../chaos/chaos-system.js";
import { projectFolder } from "../scenarios/layouts.js";
import { warm } from "./open-loop.js";

/** The layouts of the chain, by the names of their files; `mixed` is for the short tests. */
export type LayoutName = "http" | "redis" | "etcd" | "mixed";

/** A chain of four processes, first → second → third → leaf, and everything by which it can be hurt. */
export interface Chain {
  readonly url: string;
  /** How long its start took. Milliseconds. */
  readonly startMs: number;
  readonly system: ChaosSystem;
  /** What the faults of networks happen to: before the leaf, or before Redis where every call goes over it. */
  readonly network: TcpProxy;
  /** Without a proxy between. */
  readonly redis: RedisServer | undefined;
  readonly etcd: EtcdServer | undefined;
  /** How many calls have come to the leaf. */
  attempts(): number;
  /** Gauges of something under way that are not at 0, in words. */
  pending(): Promise<string[]>;
  /** The most memory that any of the processes that run has ever had; undefined where the system does not tell. */
  peakMemoryMb(): number | undefined;
  stop(): Promise<void>;
}

/** Starts it with servers of its own; resolves when it answers. */
export async function startChain(layout: LayoutName): Promise<Chain> {
  const topology = await loadTopology(join(projectFolder, `test/faults/chain/${layout}.yaml`));
  const dataDir = await dataFolder();
  const tally = join(dataDir, "tally");
  writeFileSync(tally, "");
  const redis = layout === "redis" || layout === "mixed" ? await startRedisServer() : undefined;
  const etcd = layout === "etcd" ? await startEtcdServer() : undefined;
  const leafPort = await freePort();
  const isBeforeRedis = layout === "redis";
  const network = await tcpProxy(isBeforeRedis ? redis!.port : leafPort);
  const leafEnv = {
    FAULTS_TALLY: tally,
    // It listens where the proxy looks for it, and says that it is where the proxy listens.
    PANGAEA_ADDRESSES: `leaf=http://127.0.0.1:${leafPort}`,
    PANGAEA_ADVERTISE: `127.0.0.1:${network.port}`,
  };
  const stopServers = async () => {
    await network.close();
    await Promise.all([redis?.stop(), etcd?.stop(), rm(dataDir, { recursive: true, force: true })]);
  };
  const startedAt = performance.now();
  let system: ChaosSystem;
  try {
    system = await ChaosSystem.start({
      topology,
      dataDir,
      redisUrl: isBeforeRedis ? `redis://127.0.0.1:${network.port}` : redis?.url,
      firstEnv: {},
      envOf: (process) => ({
        LOG_LEVEL: "warn",
        ...(etcd === undefined ? {} : { ETCD_ENDPOINTS: etcd.url }),
        ...(process === "leaf" ? leafEnv : {}),
      }),
    });
  } catch (error) {
    await stopServers();
    throw error;
  }
  const startMs = performance.now() - startedAt;
  await warm(system.url);
  return {
    url: system.url,
    startMs,
    system,
    network,
    redis,
    etcd,
    attempts: () => statSync(tally).size,
    pending: () => pendingOf(system),
    peakMemoryMb: () => peakMemoryMb(system),
    async stop() {
      await system.stop();
      await stopServers();
    },
  };
}

/** Work that has begun and not ended, or waits to begin. */
const isPending = (metric: string): boolean => /_(?:pending|queued)$|^pangaea_server_running$/.test(metric);

async function pendingOf({ status }: ChaosSystem): Promise<string[]> {
  const found = await Promise.all(
    status.map(async ({ name, addresses }) => {
      const response = await fetch(`${addresses.admin}/status`);
      const { figures } = ((await response.json()) as StatusReport).processes[0]!;
      return Object.entries(figures!.metrics).flatMap(([metric, samples]) =>
        samples
          .filter(({ value }) => isPending(metric) && value !== 0)
          .map(({ labels, value }) => `${name}: ${metric}${JSON.stringify(labels)} is ${value}`),
      );
    }),
  );
  return found.flat();
}

function peakMemoryMb({ status }: ChaosSystem): number | undefined {
  const peaks = status.map(({ pid }) => {
    try {
      const kilobytes = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      return Number(kilobytes) / 1024;
    } catch {
      return Number.NaN;
    }
  });
  return peaks.some(Number.isNaN) ? undefined : Math.round(Math.max(...peaks));
}
