import { createConnection } from "node:net";
import { once } from "node:events";
import type { Chain, LayoutName } from "./chain-system.js";

/** Something that happens to the chain while it is asked. */
export interface Fault {
  readonly name: string;
  readonly layouts: readonly LayoutName[];
  begin?(chain: Chain): void | Promise<void>;
  /** Makes it good again. Where it is missing, the fault is over as soon as it has begun. */
  end?(chain: Chain): void | Promise<void>;
  /** How many times the peak is asked for meanwhile. */
  readonly timesPeak?: number;
}

const everywhere = ["http", "redis", "mixed"] as const;
const overRedis = ["redis", "mixed"] as const;
const overEtcd = ["etcd"] as const;

const network = (name: string, faults: Parameters<Chain["network"]["set"]>[0]): Fault => ({
  name,
  layouts: everywhere,
  begin: (chain) => chain.network.set(faults),
  end(chain) {
    // What a network has swallowed nobody hears on that connection any more.
    if (faults.isHalfOpen === true) chain.network.set({ isCut: true });
    chain.network.set({});
  },
});

/** Everything that can happen; the order is that of the table, and what leaves traces in memory comes last. */
export const faults: readonly Fault[] = [
  network("100 ms of latency", { latencyMs: 100 }),
  network("cut", { isCut: true }),
  network("half-open", { isHalfOpen: true }),
  network("slow reader", { bytesPerSecond: 2_000 }),
  {
    name: "leaf killed",
    layouts: everywhere,
    begin: ({ system }) => system.signal("leaf", "SIGKILL"),
  },
  {
    name: "leaf paused",
    layouts: everywhere,
    begin: ({ system }) => system.signal("leaf", "SIGSTOP"),
    end: ({ system }) => system.signal("leaf", "SIGCONT"),
  },
  {
    name: "leaf down",
    layouts: everywhere,
    begin: ({ system }) => system.takeAway("leaf"),
    end: ({ system }) => system.bringBack("leaf"),
  },
  {
    name: "Redis killed",
    layouts: overRedis,
    begin: ({ redis }) => redis!.kill(),
    end: ({ redis }) => redis!.restart(),
  },
  {
    name: "Redis paused",
    layouts: overRedis,
    begin: ({ redis }) => redis!.pause(),
    end: ({ redis }) => redis!.resume(),
  },
  {
    name: "Redis flushed",
    layouts: overRedis,
    async begin({ redis }) {
      const socket = createConnection(redis!.port, "127.0.0.1");
      socket.write("FLUSHALL\r\n");
      await once(socket, "data");
      socket.destroy();
    },
  },
  {
    name: "etcd killed",
    layouts: overEtcd,
    begin: ({ etcd }) => etcd!.kill(),
    end: ({ etcd }) => etcd!.restart(),
  },
  {
    name: "etcd paused",
    layouts: overEtcd,
    begin: ({ etcd }) => etcd!.pause(),
    end: ({ etcd }) => etcd!.resume(),
  },
  {
    name: "etcd wiped",
    layouts: overEtcd,
    begin: ({ etcd }) => etcd!.restart(),
  },
  { name: "overload at ten times the peak", layouts: ["http", "redis"], timesPeak: 10, end() {} },
];

/** A fault by its name. */
export const faultNamed = (name: string): Fault => faults.find((fault) => fault.name === name)!;
