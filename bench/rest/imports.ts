import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { residentMbOf } from "../shop/measure.js";
import { settleMs } from "./results.js";

const file = fileURLToPath(new URL("./import-only.js", import.meta.url));

/** Resident memory of a process that imports these libraries and does nothing else, in MB. Linux only. */
export async function residentOfImports(libraries: readonly string[]): Promise<number> {
  const child = fork(file, libraries, { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const exited = once(child, "exit");
  try {
    await Promise.race([once(child, "message"), exited.then(() => Promise.reject(new Error(`${file} ended`)))]);
    await sleep(settleMs);
    return residentMbOf(child.pid!);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}
