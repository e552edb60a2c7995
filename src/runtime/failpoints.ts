import { writeSync } from "node:fs";
import { type FailpointName, type Failpoints, failpointNames, inertFailpoints } from "../core/failpoints.js";
import { ConfigurationError } from "./settings.js";

/** What an armed failpoint does to its own process: end it as kill -9 does, or hold it as SIGSTOP does, until SIGCONT. */
export type FailpointAction = "kill" | "pause";

/** Longer than the system takes to deliver a signal that a process sends to itself. */
const signalMs = 50;

/** Carries out the action: returns from a pause when the process is woken, and from a kill never. */
function act(action: FailpointAction, name: FailpointName): void {
  // Past every buffer: a killed process flushes nothing.
  writeSync(2, `failpoint ${name}: ${action} of process ${process.pid}\n`);
  process.kill(process.pid, action === "kill" ? "SIGKILL" : "SIGSTOP");
  // A signal may take a moment to arrive; until then nothing else of this process may run.
  const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(nobodyWakes, 0, 0, action === "kill" ? Number.POSITIVE_INFINITY : signalMs);
}

/**
 * The failpoints that `PANGAEA_FAILPOINT` arms: `NAME`, `NAME@3` for the third time it is reached, `NAME=pause` to hold
 * the process instead of ending it; once in a process's life. Inert where it is not set; throws a `ConfigurationError`
 * for what it cannot read.
 */
export function readFailpoints(
  env: Readonly<Record<string, string | undefined>>,
  carryOut: (action: FailpointAction, name: FailpointName) => void = act,
): Failpoints {
  const text = env.PANGAEA_FAILPOINT;
  if (text === undefined || text === "") return inertFailpoints;
  const [, name, count = "1", action = "kill"] = /^([^@=]+)(?:@([1-9]\d{0,8}))?(?:=(kill|pause))?$/.exec(text) ?? [];
  const armed = failpointNames.find((known) => known === name);
  if (armed === undefined) {
    const mend = `write NAME, NAME@COUNT or NAME=pause, with one of these names: ${failpointNames.join(", ")}`;
    throw new ConfigurationError(`PANGAEA_FAILPOINT="${text}": ${mend}`);
  }
  let left = Number(count);
  return {
    hit(reached) {
      if (reached === armed && --left === 0) carryOut(action as FailpointAction, armed);
    },
  };
}
