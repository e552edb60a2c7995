import type { ChildMessage, Line, SupervisorMessage } from "../discovery/supervisor-registry.js";

const npmLookMs = 500;

/**
 * Resolves when this process is told to stop: by Ctrl-C, by SIGTERM, or by the end of the npm that ran it. Saying it
 * again changes nothing, because npm passes each Ctrl-C on to a process that has had it from the terminal already.
 */
export function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    process.on("SIGTERM", () => resolve());
    process.on("SIGINT", () => resolve());
    // A shell stands between npm and this process. SIGTERM ends both and is not passed on, which would leave this one
    // behind with its ports; that its parent has changed is the only sign.
    if (process.env.npm_lifecycle_event === undefined) return;
    const parent = process.ppid;
    const look = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(look);
      resolve();
    }, npmLookMs);
    look.unref();
  });
}

/**
 * The same for a process that a supervisor runs. Only the supervisor's word counts: Ctrl-C in a terminal reaches every
 * process at once, and the edge must drain first. Nobody listens to the line afterwards: as long as somebody does, it
 * keeps the process alive.
 */
export function toldToStopBy(line: Line<ChildMessage, SupervisorMessage>): Promise<number> {
  return new Promise((resolve) => {
    const told = (graceMs = 0) => {
      stopListening();
      process.off("disconnect", gone);
      resolve(graceMs);
    };
    // A supervisor that is gone can say nothing any more.
    const gone = () => told();
    process.on("SIGTERM", gone);
    process.on("SIGINT", () => {});
    const stopListening = line.onMessage((message) => {
      if (message.type === "stop") told(message.graceMs);
    });
    process.once("disconnect", gone);
  });
}
