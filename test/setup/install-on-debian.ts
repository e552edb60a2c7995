import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** The line that installs a package, for whoever has to type it. */
export const debianLine = (name: string): string =>
  `apt-get update && apt-get install -y --no-install-recommends ${name}`;

/** Whether a missing server can be installed here without asking anybody. */
export const canInstall = (): boolean => existsSync("/etc/debian_version") && process.getuid?.() === 0;

/** Installs on Debian without starting the service that the package brings: tests start their own. */
export function installOnDebian(name: string): void {
  const policy = "/usr/sbin/policy-rc.d";
  const line = debianLine(name);
  const script = existsSync(policy)
    ? line
    : `trap 'rm -f ${policy}' EXIT INT TERM; printf '#!/bin/sh\\nexit 101\\n' > ${policy}; chmod +x ${policy}; ${line}`;
  const { status, stderr } = spawnSync("sh", ["-c", script], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    encoding: "utf8",
    timeout: 300_000,
  });
  if (status !== 0) throw new Error(`Installing ${name} failed; try it by hand: ${line}\n${stderr}`);
}
