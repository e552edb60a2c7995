import type { Command } from "commander";
import { milliseconds } from "./milliseconds.js";
import type { RolloutOptions } from "./rollouts.js";

const urlOption = [
  "--url <url>",
  "the supervisor's admin listener (default: http://127.0.0.1:$ADMIN_PORT, which is PORT + 1)",
] as const;
const jsonOption = ["--json", "print JSON"] as const;

/** The commands that change the processes of a running system, which "pangaea split" has started. */
export function addRolloutCommands(program: Command, done: (exitCode: number) => void): void {
  program
    .command("restart")
    .description("replace the processes of a running system by new ones, one after the other; no request is lost")
    .argument("[process]", "only this one; by default all")
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (process: string | undefined, options: RolloutOptions) => {
      done(await (await import("./rollouts.js")).restart(process, options));
    });
  program
    .command("scale")
    .description("run so many of a process of a running system side by side")
    .argument("<process=number>", "for instance web=3")
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (wish: string, options: RolloutOptions) => {
      done(await (await import("./rollouts.js")).scale(wish, options));
    });
  program
    .command("deploy")
    .description("replace the processes of a running system by those of a new build, and go back where it is worse")
    .argument("<folder>", "the project with the new build")
    .option("--watch <ms>", "how long each new process is watched (default: 10000)", milliseconds)
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (folder: string, options: RolloutOptions & { watch?: number }) => {
      done(await (await import("./rollouts.js")).deploy(folder, options));
    });
}
