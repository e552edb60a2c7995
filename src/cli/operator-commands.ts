import { type Command, InvalidArgumentError } from "commander";
import type { AdminOptions } from "./admin-answers.js";
import type { OperatorOptions } from "./operator.js";

const moduleOption = ["-m, --module <name>", "only this module's"] as const;
const urlOption = [
  "--url <url>",
  "the system's admin listener (default: http://127.0.0.1:$ADMIN_PORT, which is PORT + 1)",
] as const;
const jsonOption = ["--json", "print JSON"] as const;
const whyOption = ["--why <text>", "the reason, for the record"] as const;

/** The commands of whoever looks after a running system. */
export function addOperatorCommands(program: Command, done: (exitCode: number) => void): void {
  program
    .command("status")
    .description("print how a running system is: its processes, what is slow, and what waits for what")
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (options: AdminOptions) => {
      done(await (await import("./status.js")).showStatus(options));
    });
  program
    .command("top")
    .description("show the same again every second, until q or Ctrl-C")
    .option(...urlOption)
    .action(async (options: AdminOptions) => {
      done(await (await import("./top.js")).showTop(options));
    });
  program
    .command("trace")
    .description("print the way of one request: calls in every process, events, steps of sagas")
    .argument("<id>", "a trace id, or what the answer had as x-request-id")
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (id: string, options: AdminOptions) => {
      done(await (await import("./trace.js")).showTrace(id, options));
    });

  const sagas = program.command("sagas").description("look at the sagas of a running system, and step in");
  const saga = ["<saga>", "name/id, as the command sagas list prints it"] as const;
  sagas
    .command("list")
    .description("print the sagas that have not ended: under way, or parked for a person")
    .option(...moduleOption)
    .option("--all", "those that have ended as well")
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (options: OperatorOptions & { all?: boolean }) => {
      done(await (await import("./sagas.js")).listSagas(options));
    });
  sagas
    .command("show")
    .description("print one saga: where it stands, why, and what people did with it")
    .argument(...saga)
    .option(...moduleOption)
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (id: string, options: OperatorOptions) => {
      done(await (await import("./sagas.js")).showSaga(id, options));
    });
  sagas
    .command("retry")
    .description("take a parked saga up again where it stands")
    .argument(...saga)
    .option(...whyOption)
    .option(...moduleOption)
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (id: string, options: OperatorOptions) => {
      done(await (await import("./sagas.js")).retrySaga(id, options));
    });
  sagas
    .command("abort")
    .description("turn a saga back; park one that is being undone; end one that is parked")
    .argument(...saga)
    .requiredOption(...whyOption)
    .option(...moduleOption)
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (id: string, options: OperatorOptions) => {
      done(await (await import("./sagas.js")).abortSaga(id, options));
    });

  const events = program.command("events").description("look at the events that modules could not handle, and step in");
  events
    .command("dead")
    .description("print the dead letters")
    .option(...moduleOption)
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (options: OperatorOptions) => {
      done(await (await import("./events.js")).listDeadLetters(options));
    });
  events
    .command("replay")
    .description("handle dead letters again: one with all of its key, or all of the module")
    .argument("[number]", "as the command events dead prints it", wholeNumber)
    .requiredOption(...moduleOption)
    .option(...urlOption)
    .option(...jsonOption)
    .action(async (number: number | undefined, options: OperatorOptions & { module: string }) => {
      done(await (await import("./events.js")).replayDeadLetters(number, options));
    });
  events
    .command("discard")
    .description("give up a dead letter: it will never have its effect")
    .argument("<number>", "as the command events dead prints it", wholeNumber)
    .requiredOption(...moduleOption)
    .requiredOption(...whyOption)
    .option(...urlOption)
    .action(async (number: number, options: OperatorOptions & { module: string; why: string }) => {
      done(await (await import("./events.js")).discardDeadLetter(number, options));
    });
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("Give a whole number above 0.");
  return Number(text);
}
