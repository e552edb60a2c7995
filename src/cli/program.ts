import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { DefinitionError } from "../core/contract.js";
import { ConfigurationError } from "../runtime/settings.js";
import { configurationExitCode } from "../runtime/supervisor.js";
import { milliseconds } from "./milliseconds.js";
import { addOperatorCommands } from "./operator-commands.js";
import { addRolloutCommands } from "./rollout-commands.js";
import { UsageError } from "./usage-error.js";

const monolith = "config/monolith.yaml";

/** Runs a command line and resolves with the exit code: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration. */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error);
  }
}

/** Each command's code is loaded only when it runs: help and mistyped words are answered at once. */
function createProgram(done: (exitCode: number) => void): Command {
  const program = new Command("pangaea")
    .description("Typed service modules that run as one process or as many, by configuration alone.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .exitOverride()
    .showHelpAfterError("(pangaea --help lists the commands)");
  const topologyOption = ["-t, --topology <file>", "the topology file"] as const;

  program
    .command("start")
    .description("run one process of a topology; by default everything in one")
    .option(...topologyOption, monolith)
    .option("-p, --process <name>", "which process of the topology")
    .action(async (options: { topology: string; process?: string }) => {
      done(await (await import("./start.js")).start(options));
    });
  program
    .command("split")
    .description("run every process of a topology on this machine, until Ctrl-C")
    .option(...topologyOption, "config/split.yaml")
    .action(async (options: { topology: string }) => {
      done(await (await import("./split.js")).split(options));
    });

  const topology = program.command("topology").description("look at a topology file without running it");
  topology
    .command("check")
    .description("say whether it can start, or everything that is wrong with it")
    .argument("[file]", "the topology file", monolith)
    .action(async (file: string) => {
      done(await (await import("./topology.js")).checkTopologyFile(file));
    });
  topology
    .command("show")
    .description("print what runs where, and which transport each edge takes")
    .argument("[file]", "the topology file", monolith)
    .option("--json", "print JSON")
    .action(async (file: string, options: { json?: boolean }) => {
      done(await (await import("./topology.js")).showTopology(file, options));
    });

  const data = program.command("data").description("look after the data of a system");
  data
    .command("copy")
    .description("copy all data of a stopped system to where another topology has it, and compare both")
    .requiredOption("--from <file>", "the topology that has the data")
    .requiredOption("--to <file>", "the topology that is to have it; its databases must be empty")
    .action(async (options: { from: string; to: string }) => {
      done(await (await import("./data-copy.js")).copyData(options));
    });

  program
    .command("contracts")
    .description("print what the services promise: procedures, events, errors")
    .argument("[service]", "only this one, in more detail")
    .option("--json", "print JSON")
    .action(async (service: string | undefined, options: { json?: boolean }) => {
      done(await (await import("./contracts.js")).showContracts(service, options));
    });
  program
    .command("stack")
    .description("print the layers that a call passes on its way into a service, and why each stands there")
    .argument("<service>", "the service that is called")
    .option(...topologyOption, monolith)
    .option("--from <module>", "the module that calls, or gateway; by default everybody who does")
    .option("--json", "print JSON")
    .action(async (service: string, options: { topology: string; from?: string; json?: boolean }) => {
      done(await (await import("./stack.js")).showStack(service, options));
    });
  program
    .command("call")
    .description("call a procedure of a running system and print its output")
    .argument("<service.method>", "what to call, as the command contracts lists it")
    .argument("[json]", "the input", "{}")
    .option("--url <url>", "a process's HTTP listener (default: http://127.0.0.1:$ADMIN_PORT, which is PORT + 1)")
    .option("--key <key>", "an idempotency key: repeats under it have no second effect")
    .option("--deadline <ms>", "how long to wait at most (default: as the contract says)", milliseconds)
    .action(async (target: string, json: string, options: { url?: string; key?: string; deadline?: number }) => {
      done(await (await import("./call.js")).call(target, json, options));
    });
  program
    .command("audit")
    .description("read the books of the system in DATA_DIR, running or stopped, and say whether they balance")
    .option(...topologyOption, monolith)
    .option("--wait <ms>", "read again until nothing is under way, and fail where that takes longer", milliseconds)
    .option("--json", "print JSON")
    .action(async (options: { topology: string; wait?: number; json?: boolean }) => {
      done(await (await import("./audit.js")).auditSystem(options));
    });

  addOperatorCommands(program, done);
  addRolloutCommands(program, done);

  const create = program.command("new").description("write the first files of something");
  create
    .command("module")
    .description("write a module with its data and its test to modules/<name>")
    .argument("<name>", "lower case letters, digits and dashes, for instance gift-cards")
    .action(async (name: string) => {
      done(await (await import("./new-module.js")).newModule(name));
    });
  return program;
}

function version(): string {
  const file = new URL(import.meta.resolve("pangaea/package.json"));
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

function report(error: unknown): number {
  // It has been printed already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${message}\n`);
    return 2;
  }
  if (error instanceof ConfigurationError || error instanceof DefinitionError) {
    process.stderr.write(`${message}\n`);
    return configurationExitCode;
  }
  const where = process.env.LOG_LEVEL === "debug" ? stack : undefined;
  process.stderr.write(`${where ?? `${message}\n(LOG_LEVEL=debug shows where it came from)`}\n`);
  return 1;
}
