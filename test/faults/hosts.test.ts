import { join } from "node:path";
import { etcdMissing, startEtcdServer, startRedisServer } from "pangaea/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { becomesReady, type Cli, eventually, root, startCli } from "../cli/run-cli.js";
import { type Host, type Network, networkMissing, openNetwork } from "./network.js";
import { type Visit, Visitors } from "./visitors.js";
import { visitDeadlineMs, visitorsProject } from "./visitors-project.js";

const missing = networkMissing() ?? etcdMissing();
/** Each starts a system; with every run one will do. */
const layouts = (
  [
    ["redis", "unplugged"],
    ["http", "silent"],
  ] as const
).slice(0, process.env.PANGAEA_FAULTS === "all" ? 2 : 1);
const visitors = 3;
/** So many in a row are no luck. */
const enough = 30;
/** A visit that hangs does so for minutes; the rest is left to a machine that is busy. */
const settledWithinMs = visitDeadlineMs + 10_000;

const project = visitorsProject();
let network: Network;
let processes: Cli[] = [];
let load: Visitors | undefined;
let closeStore: (() => Promise<void>) | undefined;

beforeAll(() => {
  if (missing === undefined) network = openNetwork(3);
});
afterEach(async () => {
  await load?.leave();
  for (const { child } of processes) child.kill("SIGKILL");
  await Promise.all(processes.map(({ exited }) => exited));
  await closeStore?.();
  for (const host of network?.hosts ?? []) network.mend(host);
  [processes, load, closeStore] = [[], undefined, undefined];
});
afterAll(() => {
  network?.remove();
  project.remove();
});

/** Starts the registry of a layout where every host reaches it; gives back how they are told. */
async function startStore(layout: string): Promise<Record<string, string>> {
  if (layout === "http") {
    const etcd = await startEtcdServer(network.address);
    closeStore = () => etcd.stop();
    return { ETCD_ENDPOINTS: etcd.url };
  }
  const args = ["--bind", "127.0.0.1", network.address, "--protected-mode", "no"];
  const redis = await startRedisServer({ args });
  closeStore = () => redis.stop();
  return { REDIS_URL: `redis://${network.address}:${redis.port}` };
}

interface Started extends Cli {
  readonly host: Host;
  /** As others name it. */
  id(): Promise<string>;
}

/** Each process of the topology, started by itself on a host; `front` on two of them. */
async function startOnThreeHosts(layout: string) {
  const store = await startStore(layout);
  const [a, b, c] = network.hosts as [Host, Host, Host];
  const start = (name: string, host: Host): Started => {
    const env = {
      ...store,
      HOST: host.address,
      PORT: "3000",
      ADMIN_PORT: "0",
      PANGAEA_ADVERTISE: host.address,
      HOST_NAME: host.address,
      DATA_DIR: `${project.path}/data-${layout}`,
      NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled"),
    };
    const args = ["start", "--topology", `config/${layout}.yaml`, "--process", name];
    const cli = startCli(args, { cwd: project.path, env, within: host.within });
    processes.push(cli);
    const registered = /registry as ([a-z]+-[0-9a-f]+)\./;
    return { ...cli, host, id: () => eventually(() => registered.exec(cli.stdout())?.[1], cli.stdout) };
  };
  const [edge, near, far] = [start("edge", a), start("front", b), start("front", c)];
  const url = `http://${a.address}:3000`;
  await becomesReady(edge, url);
  return { edge, near, far, url };
}

const hostsOf = (visits: readonly Visit[]) =>
  [...new Set(visits.map(({ host }) => host))].toSorted((a = "", b = "") => a.localeCompare(b));
const failedOf = (visits: readonly Visit[]) => visits.filter(({ status }) => status !== 200);
const complaintsOf = (visits: readonly Visit[]) =>
  failedOf(visits)
    .map(
      ({ status, complaint, begunAt, settledAt }) =>
        `${status} after ${Math.round(settledAt - begunAt)} ms: ${complaint}`,
    )
    .join("\n");

/** Waits until the last visits that began after `moment` all succeeded, taken in by exactly these hosts. */
const succeedAt = (hosts: readonly string[], moment: number): Promise<boolean> =>
  eventually(
    () => {
      const last = load!.since(moment).slice(-enough);
      return last.length === enough && failedOf(last).length === 0 && hostsOf(last).join() === hosts.join();
    },
    () => `${enough} visits at ${hosts.join(", ")}: ${complaintsOf(load!.since(moment)).slice(-2_000)}`,
  );

describe("one topology on three hosts", { timeout: 600_000 }, () => {
  it.skipIf(missing !== undefined).each(layouts)(
    `outlives one of them being cut off, and has it back, over %s (%s)${missing === undefined ? "" : ` (${missing})`}`,
    async (layout, how) => {
      const { edge, near, far, url } = await startOnThreeHosts(layout);
      const both = [near.host.address, far.host.address].toSorted();
      const suspected = (id: string) => `${id} is suspect`;
      const [nearId, farId] = [await near.id(), await far.id()];
      load = new Visitors(url, visitors);
      await succeedAt(both, 0);

      const [cutAt, printed] = [performance.now(), edge.stdout().length];
      network.cut(far.host, how);
      // Who watches the registry sees it: from then on nobody is sent there any more.
      await eventually(() => edge.stdout().includes(suspected(farId)), edge.stdout);
      const seenAt = performance.now();
      await eventually(
        () => load!.since(seenAt).length >= enough,
        () => `${enough} visits while it is cut off`,
      );
      // Where the machine stands still the other seems silent too, and then both are tried.
      const isNearWell = !edge.stdout().slice(printed).includes(suspected(nearId));
      const lastBegunAt = Math.max(...load.since(seenAt).map(({ begunAt }) => begunAt));
      const mendedAt = performance.now();
      network.mend(far.host);
      await succeedAt(both, mendedAt);
      await load.leave();

      const meanwhile = load.since(seenAt).filter(({ begunAt }) => begunAt <= lastBegunAt);
      if (isNearWell) {
        expect(complaintsOf(meanwhile)).toBe("");
        expect(hostsOf(meanwhile)).toEqual([near.host.address]);
      }
      // Whatever happened, everybody had an answer, and in time.
      for (const visit of load.since(0)) {
        expect([200, 503, 504], visit.complaint).toContain(visit.status);
        expect(visit.settledAt - visit.begunAt).toBeLessThan(settledWithinMs);
      }
      // Nobody failed while nothing was wrong.
      expect(complaintsOf(load.visits.filter(({ settledAt }) => settledAt < cutAt))).toBe("");
      // What was confirmed is there, and nothing twice.
      const { ids } = (await (await fetch(`${url}/visits`)).json()) as { ids: string[] };
      expect(ids.length).toBe(new Set(ids).size);
      const confirmed = load.visits.flatMap(({ id, status }) => (status === 200 ? id : []));
      expect(confirmed.filter((id) => !ids.includes(id))).toEqual([]);
    },
  );
});
