import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type RedisServer, startRedisServer } from "./redis-server.js";

const slotCount = 16_384;

/** One server of a cluster. */
export interface ClusterServer extends RedisServer {
  /** What it answers to a command, as the lines of the protocol. */
  ask(...words: string[]): Promise<string>;
}

/** A Redis Cluster of one's own. */
export interface RedisCluster {
  /** All servers, as the transport's setting names them. */
  readonly url: string;
  readonly masters: readonly ClusterServer[];
  /** One more server, without slots, that copies `master`. */
  addReplica(master: ClusterServer): Promise<ClusterServer>;
  /** Ends every server. */
  stop(): Promise<void>;
}

/** Sends one command on a connection of its own; the answer is complete when the server closes after QUIT. */
const ask = (port: number, words: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const lineOf = (parts: readonly string[]) =>
      `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`;
    const socket = connect(port, "127.0.0.1", () => socket.write(lineOf(words) + lineOf(["QUIT"])));
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    socket.once("error", reject);
    socket.once("close", () => resolve(text.replace(/\+OK\r\n$/, "")));
  });

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the Redis cluster never came to this: ${what}`);
}

/** Starts masters that share the slots evenly, on free ports of loopback; they end with the test's process. */
export async function startRedisCluster(masterCount = 3): Promise<RedisCluster> {
  const folder = await mkdtemp(join(tmpdir(), "pangaea-redis-"));
  const servers: ClusterServer[] = [];
  const busPorts = new Map<ClusterServer, number>();
  const start = async (): Promise<ClusterServer> => {
    const busPort = await freePort();
    const file = `nodes-${busPort}.conf`;
    const args = ["--cluster-enabled", "yes", "--cluster-port", String(busPort), "--cluster-config-file", file];
    const server = await startRedisServer({ args, folder });
    const clusterServer = Object.assign(server, { ask: (...words: string[]) => ask(server.port, words) });
    servers.push(clusterServer);
    busPorts.set(clusterServer, busPort);
    return clusterServer;
  };
  const meet = async (server: ClusterServer, other: ClusterServer) => {
    await server.ask("CLUSTER", "MEET", "127.0.0.1", String(other.port), String(busPorts.get(other)));
  };
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  const everybodyKnows = () =>
    until("every server knows every other", async () => {
      const answers = await Promise.all(servers.map((server) => server.ask("CLUSTER", "INFO")));
      const known = new RegExp(`cluster_known_nodes:${servers.length}\\r`);
      return answers.every((text) => text.includes("cluster_state:ok") && known.test(text));
    });
  try {
    // One after the other: where one fails, no other is still on its way.
    const masters: ClusterServer[] = [];
    while (masters.length < masterCount) masters.push(await start());
    const share = Math.ceil(slotCount / masterCount);
    for (const [index, master] of masters.entries()) {
      await master.ask("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
      const last = Math.min(slotCount, (index + 1) * share) - 1;
      await master.ask("CLUSTER", "ADDSLOTSRANGE", String(index * share), String(last));
      if (index > 0) await meet(master, masters[0]!);
    }
    await everybodyKnows();
    return {
      url: `redis://${masters.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
      masters,
      async addReplica(master) {
        const replica = await start();
        await meet(replica, master);
        await everybodyKnows();
        const id = /[0-9a-f]{40}/.exec(await master.ask("CLUSTER", "MYID"))![0];
        await until("the new server takes its master", async () =>
          (await replica.ask("CLUSTER", "REPLICATE", id)).startsWith("+OK"),
        );
        await until("the replica is in step", async () =>
          (await replica.ask("INFO", "replication")).includes("master_link_status:up"),
        );
        return replica;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
