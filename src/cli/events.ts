import { operationsContract } from "../runtime/process-contract.js";
import { reporting } from "./ask.js";
import { brief, fromEach, listLimit, modulesWithData, moment, operatorName, type OperatorOptions } from "./operator.js";
import { count, jsonText, table } from "./table.js";

/** Prints the events that modules could not handle. */
export const listDeadLetters = async (options: OperatorOptions): Promise<number> => {
  const modules = await modulesWithData(options.module);
  return reporting(options, async (ask) => {
    const { rows, exitCode } = await fromEach(modules, async (module) => {
      return (await ask(operationsContract, "deadLetters", { module, limit: listLimit })).deadLetters;
    });
    const lines = rows.map(({ module, number, event, key, attempts, parkedAt, error }) => [
      module,
      String(number),
      event,
      key,
      String(attempts),
      moment(parkedAt),
      error === null ? "an earlier event of its key stands in the way" : brief(messageOf(error)),
    ]);
    const headings = ["module", "number", "event", "key", "attempts", "parked", "because"];
    const text = () => (rows.length === 0 ? "No dead letters.\n" : `${table(headings, lines)}\n`);
    process.stdout.write(options.json === true ? jsonText(rows) : text());
    return exitCode;
  });
};

/** Has a module handle its dead letters again, or that of a number with all of its key. Fails where one fails again. */
export const replayDeadLetters = async (
  number: number | undefined,
  options: OperatorOptions & { readonly module: string },
): Promise<number> => {
  await modulesWithData(options.module);
  return reporting(options, async (ask) => {
    const replayed = await ask(operationsContract, "replayDeadLetters", { module: options.module, number });
    const lines = replayed.failed.map((each) => `${each.number} failed again: ${each.message}`);
    const text = () => `${[`${count(replayed.handled, "event")} handled.`, ...lines].join("\n")}\n`;
    process.stdout.write(options.json === true ? jsonText(replayed) : text());
    return replayed.failed.length === 0 ? 0 : 1;
  });
};

/** Gives up a dead letter of a module. */
export const discardDeadLetter = async (
  number: number,
  options: OperatorOptions & { readonly module: string; readonly why: string },
): Promise<number> => {
  const { module, why } = options;
  await modulesWithData(module);
  return reporting(options, async (ask) => {
    await ask(operationsContract, "discardDeadLetter", { module, number, by: operatorName(), why });
    process.stdout.write(`Dead letter ${number} of ${module} is discarded.\n`);
    return 0;
  });
};

/** What the last attempt ended with; stored as a message between processes is. */
const messageOf = (error: string): string => (JSON.parse(error) as { message: string }).message;
