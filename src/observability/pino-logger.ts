import { writeSync } from "node:fs";
import { type Logger as Pino, pino, stdSerializers } from "pino";
import type { Logger } from "../core/logger.js";
import { asText } from "./text-lines.js";

export type LogFormat = "json" | "text";

/**
 * Log lines on standard output, written at once: a line must not be lost with the process that it explains. As `json`
 * one object each (`level`, `time`, `msg` and the fields), as `text` for people.
 */
export function createLogger(level: string, format: LogFormat, fields: Record<string, unknown>): Logger {
  const write = (line: string) => {
    const text = format === "json" ? line : `${asText(line.trimEnd())}\n`;
    try {
      writeSync(1, text);
    } catch (error) {
      // A full pipe or a closed terminal must not take the service down with it.
      if (!["EAGAIN", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  };
  const options = {
    level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: stdSerializers.errWithCause, cause: stdSerializers.errWithCause },
  };
  return wrap(pino(options, { write }));
}

const wrap = (to: Pino): Logger => ({
  debugging: to.isLevelEnabled("debug"),
  debug: (message, fields) => to.debug(fields ?? {}, message),
  info: (message, fields) => to.info(fields ?? {}, message),
  warn: (message, fields) => to.warn(fields ?? {}, message),
  error: (message, fields) => to.error(fields ?? {}, message),
  child: (fields) => wrap(to.child(fields)),
});
