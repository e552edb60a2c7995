import { spawnSync } from "node:child_process";
import { startRedisServer } from "../../src/testing/redis-server.js";
import { canInstall, debianLine, installOnDebian } from "./install-on-debian.js";

const installed = (): boolean => spawnSync("redis-server", ["--version"]).status === 0;

/**
 * Gives every test a Redis, as `REDIS_URL`: the one that is already named there, else one that this run starts and ends.
 * Where redis-server is missing it is installed (Debian, as root) or the run fails with the line to type.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.REDIS_URL !== undefined && process.env.REDIS_URL !== "") return undefined;
  if (!installed()) {
    if (canInstall()) installOnDebian("redis-server");
    else {
      const line = process.platform === "darwin" ? "brew install redis" : `sudo sh -c '${debianLine("redis-server")}'`;
      throw new Error(`The tests need redis-server (or a REDIS_URL). Type: ${line}`);
    }
  }
  const server = await startRedisServer();
  process.env.REDIS_URL = server.url;
  return () => server.stop();
}
