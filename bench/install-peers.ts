import { execFileSync } from "node:child_process";
import { existsSync, statSync, symlinkSync } from "node:fs";
import { root } from "./machine.js";

const installed = `${root}bench/node_modules`;
/** The built code looks for packages beside itself. */
const link = `${root}dist/bench/node_modules`;

/** Installs what `bench/package-lock.json` says, unless it is there already. */
export function installPeers(say: (text: string) => void): void {
  const note = `${installed}/.package-lock.json`;
  const current = existsSync(note) && statSync(note).mtimeMs >= statSync(`${root}bench/package-lock.json`).mtimeMs;
  if (!current) {
    say("installing the peers (npm ci --prefix bench)");
    execFileSync("npm", ["ci", "--prefix", "bench", "--no-audit", "--no-fund"], { cwd: root, stdio: "inherit" });
  }
  if (!existsSync(link)) symlinkSync(installed, link, "junction");
}
