import { Session } from "node:inspector";

/** One function on the main thread's stack. */
export interface Frame {
  readonly function: string;
  /** Address of its file, as Node knows it; empty for what has none. */
  readonly url: string;
  readonly line: number;
}

/** Runs in the main thread, on top of whatever runs there, and so finds that below itself. */
const expression = `(() => {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  Error.prepareStackTrace = (_error, sites) => sites.map((site) => ({
    function: site.getFunctionName() ?? "", url: site.getFileName() ?? "", line: site.getLineNumber() ?? 0,
  }));
  try {
    return JSON.stringify(new Error().stack);
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
})()`;

/**
 * What the main thread is running at this moment, innermost first: asked through V8's inspector from another thread, which
 * works in the middle of an endless loop, and costs nothing before it is asked. Undefined where it does not answer within
 * `withinMs`: the main thread is outside JavaScript.
 */
export async function runningFrames(withinMs: number): Promise<readonly Frame[] | undefined> {
  const session = new Session();
  session.connectToMainThread();
  try {
    return await new Promise((resolve) => {
      // The timer also keeps this thread alive while it waits.
      const timer = setTimeout(resolve, withinMs, undefined);
      session.post("Runtime.evaluate", { expression, returnByValue: true }, (_error, answer) => {
        clearTimeout(timer);
        const value: unknown = answer?.result.value;
        resolve(typeof value === "string" ? (JSON.parse(value) as Frame[]) : undefined);
      });
    });
  } finally {
    session.disconnect();
  }
}
