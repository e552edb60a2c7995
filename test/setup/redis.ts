import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { startRedisServer } from "../../src/testing/redis-server.js";

const installed = (): boolean => spawnSync("redis-server", ["--version"]).status === 0;

const debianLine = "apt-get update && apt-get install -y --no-install-recommends redis-server";

/** Installs on Debian without starting the service that the package brings: tests start their own. */
function installOnDebian(): void {
  const policy = "/usr/sbin/policy-rc.d";
  const script = existsSync(policy)
    ? debianLine
    : `trap 'rm -f ${policy}' EXIT INT TERM; printf '#!/bin/sh\\nexit 101\\n' > ${policy}; chmod +x ${policy}; ${debianLine}`;
  const { status, stderr } = spawnSync("sh", ["-c", script], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    encoding: "utf8",
    timeout: 300_000,
  });
  if (status !== 0) throw new Error(`Installing redis-server failed; try it by hand: ${debianLine}\n${stderr}`);
}

/**
 * Gives every test a Redis, as `REDIS_URL`: the one that is already named there, else one that this run starts and ends.
 * Where redis-server is missing it is installed (Debian, as root) or the run fails with the line to type.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.REDIS_URL !== undefined && process.env.REDIS_URL !== "") return undefined;
  if (!installed()) {
    if (existsSync("/etc/debian_version") && process.getuid?.() === 0) installOnDebian();
    else {
      const line = process.platform === "darwin" ? "brew install redis" : `sudo sh -c '${debianLine}'`;
      throw new Error(`The tests need redis-server (or a REDIS_URL). Type: ${line}`);
    }
  }
  const server = await startRedisServer();
  process.env.REDIS_URL = server.url;
  return () => server.stop();
}
