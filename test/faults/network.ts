import { execFileSync, spawnSync } from "node:child_process";
import { isAlive } from "../cli/run-cli.js";

/** A network namespace of Linux in the place of a machine. */
export interface Host {
  readonly address: string;
  /** Comes before a command that is to run there. */
  readonly within: readonly string[];
}

/** Hosts at one switch. This process is at it too, with an address of its own. */
export interface Network {
  readonly address: string;
  readonly hosts: readonly Host[];
  /** `unplugged`: the host sees that it has no connection; `silent`: packets vanish, and nobody is told. */
  cut(host: Host, how: "unplugged" | "silent"): void;
  mend(host: Host): void;
  /** Ends what still runs on the hosts, and takes everything away. */
  remove(): void;
}

const prefix = "pangaea";

const ip = (...words: string[]): string => execFileSync("ip", words, { encoding: "utf8", stdio: "pipe" });
const ipIn = (namespace: string, ...commands: string[]): string =>
  execFileSync("ip", ["-n", namespace, "-batch", "-"], { encoding: "utf8", input: commands.join("\n"), stdio: "pipe" });

/** Why there can be no such network here; undefined where there can, or where it must. */
export function networkMissing(): string | undefined {
  const { error, stderr } = spawnSync("ip", ["netns", "list"], { encoding: "utf8" });
  if (error !== undefined) {
    return process.env.CI === "true"
      ? undefined
      : "ip is not installed: apt-get install -y --no-install-recommends iproute2";
  }
  if (process.getuid?.() !== 0) return "network namespaces need root";
  // Not every container may make them, nor every kernel bridges.
  const name = `${prefix}-${process.pid}-trial`;
  try {
    ip("netns", "add", name);
    ipIn(name, "link add name br0 type bridge", "link add name one type veth peer name other");
    execFileSync("ip", ["netns", "exec", name, "true"], { stdio: "pipe" });
    return undefined;
  } catch (failure) {
    return `no network namespaces here: ${String((failure as { stderr?: string }).stderr || stderr || failure).trim()}`;
  } finally {
    spawnSync("ip", ["netns", "del", name]);
  }
}

/** Ends every process in a namespace and takes it away, with its ends of the cables. */
function removeNamespace(name: string): void {
  const { stdout } = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" });
  for (const pid of stdout.split("\n").filter((line) => line !== "")) {
    if (isAlive(Number(pid))) process.kill(Number(pid), "SIGKILL");
  }
  spawnSync("ip", ["netns", "del", name]);
}

/** What a run has left behind that was killed itself. */
function removeLeftovers(): void {
  for (const [name, pid] of ip("netns", "list").matchAll(/^pangaea-(\d+)-\w+/gm)) {
    if (!isAlive(Number(pid))) removeNamespace(name);
  }
}

/** A net of addresses for tests of networks (RFC 2544) that nobody has on this machine. */
function freeNet(): string {
  const taken = ip("-o", "address");
  for (let tries = 0; tries < 250; tries++) {
    const net = `198.18.${(process.pid + tries) % 250}`;
    if (!taken.includes(` ${net}.`)) return net;
  }
  throw new Error("every net of 198.18.0.0/16 is taken");
}

/** Makes a network of so many hosts. It is gone with this process at the latest. */
export function openNetwork(count: number): Network {
  removeLeftovers();
  const nameOf = (what: string | number) => `${prefix}-${process.pid}-${what}`;
  const [net, hub, cable] = [freeNet(), nameOf("hub"), `pg${process.pid}`];
  const names = [hub, ...Array.from({ length: count }, (_, at) => nameOf(at))];
  const remove = () => {
    process.off("exit", remove);
    spawnSync("ip", ["link", "del", cable]);
    for (const name of names) removeNamespace(name);
  };
  process.once("exit", remove);
  try {
    for (const name of names) ip("netns", "add", name);
    ip("link", "add", "name", cable, "type", "veth", "peer", "name", "up", "netns", hub);
    ip("address", "add", `${net}.1/24`, "dev", cable);
    ip("link", "set", "dev", cable, "up");
    ipIn(hub, "link add name br0 type bridge", "link set dev br0 up", "link set dev up master br0 up");
    const hosts = names.slice(1).map((name, at): Host => {
      const address = `${net}.${at + 2}`;
      ipIn(hub, `link add name to-${at} type veth peer name eth0 netns ${name}`, `link set dev to-${at} master br0 up`);
      ipIn(name, "link set dev lo up", `address add ${address}/24 dev eth0`, "link set dev eth0 up");
      return { address, within: ["ip", "netns", "exec", name] };
    });
    const change = (host: Host, how: string) => void ipIn(hub, `link set dev to-${hosts.indexOf(host)} ${how}`);
    return {
      address: `${net}.1`,
      hosts,
      cut: (host, how) => change(host, how === "unplugged" ? "down" : "nomaster"),
      mend: (host) => change(host, "master br0 up"),
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}
