import { Session } from "node:inspector";

/** One function on the main thread's stack. */
export interface Frame {
  readonly function: string;
  /** Address of its file, as Node knows it. */
  readonly url: string;
  readonly line: number;
}

/**
 * What the main thread is running at this moment, innermost first: asked of V8's inspector from another thread, which
 * works in the middle of an endless loop, and costs nothing before it is asked. Undefined where it does not answer within
 * `withinMs`: the main thread is outside JavaScript.
 */
export async function runningFrames(withinMs: number): Promise<readonly Frame[] | undefined> {
  const session = new Session();
  const urls = new Map<string, string>();
  session.connectToMainThread();
  session.on("Debugger.scriptParsed", ({ params }) => void urls.set(params.scriptId, params.url));
  const { promise, resolve } = Promise.withResolvers<readonly Frame[] | undefined>();
  session.on("Debugger.paused", ({ params }) => {
    const frames = params.callFrames.map(({ functionName, location }) => ({
      function: functionName,
      url: urls.get(location.scriptId) ?? "",
      line: location.lineNumber + 1,
    }));
    session.post("Debugger.resume", () => resolve(frames));
  });
  session.post("Debugger.enable");
  session.post("Debugger.pause");
  // This also keeps the thread alive while it waits.
  const timer = setTimeout(() => resolve(undefined), withinMs);
  const frames = await promise;
  clearTimeout(timer);
  // Also lets go of a main thread that comes to the pause only later.
  session.disconnect();
  return frames;
}
