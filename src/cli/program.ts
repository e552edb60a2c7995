import { Command, CommanderError } from "commander";
import { DefinitionError } from "../core/contract.js";
import { ConfigurationError } from "../runtime/settings.js";
import { configurationExitCode } from "../runtime/supervisor.js";
import { split } from "./split.js";
import { start } from "./start.js";

/** Runs a command line and resolves with the exit code: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration. */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("pangaea")
    .description("Typed service modules that run as one process or as many, by configuration alone.")
    .exitOverride()
    .showHelpAfterError("(pangaea --help lists the commands)");
  const topologyOption = ["-t, --topology <file>", "the topology file"] as const;

  program
    .command("start")
    .description("run one process of a topology; by default the whole shop as a monolith")
    .option(...topologyOption, "config/monolith.yaml")
    .option("-p, --process <name>", "which process of the topology")
    .action(async (options: { topology: string; process?: string }) => {
      exitCode = await start(options);
    });
  program
    .command("split")
    .description("run every process of a topology on this machine, until Ctrl-C")
    .option(...topologyOption, "config/split.yaml")
    .action(async (options: { topology: string }) => {
      exitCode = await split(options);
    });

  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ConfigurationError || error instanceof DefinitionError) {
      process.stderr.write(`${error.message}\n`);
      return configurationExitCode;
    }
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}
