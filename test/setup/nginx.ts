import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.js";

/** Why tests behind nginx cannot run here; undefined where they can, or where they must. */
export const nginxMissing = (): string | undefined =>
  process.env.CI !== "true" && spawnSync("nginx", ["-v"]).status !== 0
    ? "nginx is not installed: apt-get install -y --no-install-recommends nginx-light"
    : undefined;

/** An nginx of the test's own, with ways to servers behind it. */
export interface Nginx {
  /** A way that is not taken yet: where to serve, and where callers find it. */
  way(): { readonly behind: string; readonly front: string };
  stop(): Promise<void>;
}

/** As in nginx's manual; without them it speaks HTTP/1.0 to the server and leaves the Upgrade out. */
const passUpgrade = `
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";`;

const configOf = (folder: string, ways: readonly (readonly [number, number])[], upgrade: boolean): string => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_max_body_size 8m;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $server_port $behind { ${ways.map(([front, behind]) => `${front} ${behind};`).join(" ")} }
  server {
    ${ways.map(([front]) => `listen 127.0.0.1:${front};`).join(" ")}
    location / {
      proxy_pass http://127.0.0.1:$behind;${upgrade ? passUpgrade : ""}
    }
  }
}
`;

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function untilUp(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`nginx ended with code ${child.exitCode}`);
    if (await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nginx does not answer");
}

/** Starts nginx with so many ways, in a folder of its own; with `upgrade` it passes an Upgrade on. */
export async function startNginx(count: number, upgrade: boolean): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), "pangaea-nginx-"));
  await mkdir(join(folder, "logs"));
  const ports = new Set<number>();
  while (ports.size < 2 * count) ports.add(await freePort());
  const list = [...ports];
  const ways = Array.from({ length: count }, (_, n) => [list[2 * n]!, list[2 * n + 1]!] as const);
  await writeFile(join(folder, "nginx.conf"), configOf(folder, ways, upgrade));
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "inherit" });
  await Promise.race([
    untilUp(child, ways[0]![0]),
    once(child, "error").then(([error]) => Promise.reject(error as Error)),
  ]);
  return {
    way() {
      const next = ways.pop();
      if (next === undefined) throw new Error("every way through nginx is taken");
      const [front, behind] = next;
      return { front: `http://127.0.0.1:${front}`, behind: `http://127.0.0.1:${behind}` };
    },
    async stop() {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
