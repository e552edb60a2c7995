import type { Runtime } from "node:inspector";

/** What a sample is counted for. */
export interface Place {
  /** A function, and where it begins. */
  readonly name: string;
  readonly package: string;
}

/** Frames of the engine itself. A process in `(idle)` does nothing, and is counted for nothing. */
const engine: Readonly<Record<string, string>> = {
  "(garbage collector)": "GC",
  "(program)": "native code",
};

/** Where a frame of a CPU profile belongs; undefined where nothing is done. */
export function placeOf({ functionName, url, scriptId, lineNumber }: Runtime.CallFrame): Place | undefined {
  if (functionName === "(idle)" || functionName === "(root)") return undefined;
  const engineName = engine[functionName];
  if (engineName !== undefined) return { name: engineName, package: engineName };
  const name = functionName || "(anonymous)";
  // What `new Function` has made has a script and no file; what is written in C++ has neither.
  if (url === "") {
    const origin = scriptId === "0" ? "native code" : "generated code";
    return { name: `${name} (${origin})`, package: origin };
  }
  const file = fileOf(url);
  return { name: `${name} ${file}:${lineNumber + 1}`, package: packageOf(file) };
}

/** Without what comes before the package, or before the project's built tree. */
const fileOf = (url: string): string =>
  url.replace(url.includes("/node_modules/") ? /^.*\/node_modules\// : /^.*\/dist\//, "");

/** `zod`, `@inversifyjs/core`, `node:internal/streams`, `src/client`: what a file is in. */
function packageOf(file: string): string {
  const parts = file.split("/");
  const isOwnOrScoped = /^(src|transports|bench|modules|@[^/]+|node:internal)\//.test(file);
  return parts.slice(0, isOwnOrScoped ? 2 : 1).join("/") || "other code";
}
