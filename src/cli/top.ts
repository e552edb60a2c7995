import { emitKeypressEvents } from "node:readline";
import { sleep, systemClock } from "../core/clock.js";
import type { StatusReport } from "../runtime/process-report.js";
import { type AdminOptions, asking, fromAdmin, NoAnswer } from "./admin-answers.js";
import { describe } from "./status.js";

const redrawMs = 1_000;
const clear = "\u001b[H\u001b[J";
const ownScreen = "\u001b[?1049h\u001b[?25l";
const backAgain = "\u001b[?25h\u001b[?1049l";

/** Shows the status again and again, until q or Ctrl-C; once where there is no terminal. */
export const showTop = (options: AdminOptions): Promise<number> =>
  asking(async () => {
    const { stdin, stdout } = process;
    if (!stdout.isTTY || !stdin.isTTY) {
      stdout.write(`${describe(await fromAdmin<StatusReport>(options, "/status"))}\n`);
      return 0;
    }
    const ended = new AbortController();
    const end = () => ended.abort();
    emitKeypressEvents(stdin);
    stdin.setRawMode(true).resume();
    stdin.on("keypress", (text: string | undefined, key: { readonly ctrl?: boolean; readonly name?: string }) => {
      if (text === "q" || (key.ctrl === true && key.name === "c")) end();
    });
    process.once("SIGTERM", end);
    stdout.write(ownScreen);
    try {
      do stdout.write(`${clear}${fitting(await picture(options), stdout)}`);
      while (await sleep(systemClock, redrawMs, ended.signal));
      return 0;
    } finally {
      stdout.write(backAgain);
      stdin.setRawMode(false).pause();
      process.off("SIGTERM", end);
    }
  });

/** A system that does not answer for a moment is what one is looking for: it is said, and asked again. */
async function picture(options: AdminOptions): Promise<string> {
  try {
    const report = await fromAdmin<StatusReport>(options, "/status");
    return `${new Date().toISOString().slice(11, 19)}   q ends\n\n${describe(report)}`;
  } catch (error) {
    if (error instanceof NoAnswer) return error.message;
    throw error;
  }
}

/** As much of a text as the terminal shows. */
const fitting = (text: string, { rows = 40, columns = 160 }: { rows?: number; columns?: number }): string =>
  text
    .split("\n")
    .slice(0, rows - 1)
    .map((line) => line.slice(0, columns))
    .join("\r\n");
