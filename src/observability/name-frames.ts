import type { Frame } from "./running-frames.js";

/** What is running, in the words of the system. */
export interface Running {
  readonly module?: string;
  readonly procedure?: string;
  /** The innermost function that is not Node's own, with file and line. */
  readonly at?: string;
}

/**
 * Names module and procedure of a stack (innermost first): the outermost function that lies in a module's folder, by the
 * name of a procedure where one of its functions has it. `modules`: name → names of its procedures.
 */
export function nameFrames(frames: readonly Frame[], modules: Readonly<Record<string, readonly string[]>>): Running {
  const innermost = frames.find(({ url }) => url !== "" && !url.startsWith("node:"));
  const at =
    innermost === undefined ? {} : { at: `${innermost.function || "(anonymous)"} ${innermost.url}:${innermost.line}` };
  const outermostFirst = frames.toReversed();
  const module = outermostFirst.map(({ url }) => moduleOf(url)).find((name) => name !== undefined && name in modules);
  if (module === undefined) return at;
  const functions = outermostFirst
    .filter(({ url }) => moduleOf(url) === module)
    .map((frame) => lastWord(frame.function));
  const procedure = functions.find((name) => modules[module]!.includes(name)) ?? functions[0];
  return { module, ...(procedure === undefined || procedure === "" ? {} : { procedure }), ...at };
}

const moduleOf = (url: string): string | undefined => /.*\/modules\/([^/]+)\//.exec(url)?.[1];

/** `UsersService.create` → `create`. */
const lastWord = (name: string): string => name.slice(name.lastIndexOf(".") + 1);
