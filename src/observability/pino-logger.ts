import { writeSync } from "node:fs";
import { type Logger as Pino, pino, stdSerializers } from "pino";
import type { Logger } from "../core/logger.js";
import { asEcs } from "./ecs.js";
import { redacted, withoutSecrets } from "./redact.js";
import { asText } from "./text-lines.js";

export type LogFormat = "json" | "text" | "ecs";

export interface LoggerOptions {
  readonly level: string;
  readonly format: LogFormat;
  /** Stand on every line. */
  readonly fields: Record<string, unknown>;
  /** What is known, at the moment of a line, of the call that is being handled. */
  readonly current?: () => Record<string, string>;
}

const forms: Record<LogFormat, (line: string) => string> = {
  json: (line) => line,
  text: (line) => `${asText(line.trimEnd())}\n`,
  ecs: (line) => `${asEcs(line)}\n`,
};

/**
 * Log lines on standard output, written at once: a line must not be lost with the process that it explains. As `json`
 * one object each (`level`, `time`, `msg` and the fields), as `ecs` the same in the Elastic Common Schema, as `text` for
 * people. Passwords, tokens and the like are masked: by the names of fields, and in addresses wherever they stand.
 */
export function createLogger({ level, format, fields, current }: LoggerOptions): Logger {
  const write = (line: string) => {
    try {
      writeSync(1, forms[format](withoutSecrets(line)));
    } catch (error) {
      // A full pipe or a closed terminal must not take the service down with it.
      if (!["EAGAIN", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  };
  const errorShown = (error: Error) => redacted(stdSerializers.errWithCause(error));
  const options = {
    level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (line: Record<string, unknown>) => redacted(line) as Record<string, unknown>,
    },
    serializers: { error: errorShown, cause: errorShown },
    ...(current === undefined ? undefined : { mixin: current }),
  };
  return wrap(pino(options, { write }));
}

const wrap = (to: Pino): Logger => ({
  debugging: to.isLevelEnabled("debug"),
  debug: (message, fields) => to.debug(fields ?? {}, message),
  info: (message, fields) => to.info(fields ?? {}, message),
  warn: (message, fields) => to.warn(fields ?? {}, message),
  error: (message, fields) => to.error(fields ?? {}, message),
  child: (fields) => wrap(to.child(redacted(fields) as Record<string, unknown>)),
});
