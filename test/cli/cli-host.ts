import { run } from "../../src/cli/program.js";

/** A command to run: where, and with what in its environment. */
export interface Command {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What came of it. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Catches what is written to a stream until `release` gives it back. */
function caught(stream: NodeJS.WriteStream): { release: () => string } {
  const { write } = stream;
  let text = "";
  stream.write = (chunk: string | Uint8Array, ...more: unknown[]) => {
    text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    const done = more.at(-1);
    if (typeof done === "function") (done as () => void)();
    return true;
  };
  return {
    release() {
      stream.write = write;
      return text;
    },
  };
}

async function answer({ args, cwd, env }: Command): Promise<Ended> {
  process.chdir(cwd);
  process.env = { ...env };
  const [out, error] = [caught(process.stdout), caught(process.stderr)];
  let code = 1;
  try {
    code = await run(args);
  } finally {
    process.exitCode = 0;
  }
  return { code, stdout: out.release(), stderr: error.release() };
}

// The built command line, which reads its code once for many commands: starting a process for each costs a hundred times
// what most of them do. One after the other, since each has the process to itself.
let last = Promise.resolve();
process.on("message", (command: Command) => {
  last = last.then(async () => void process.send!(await answer(command)));
});
