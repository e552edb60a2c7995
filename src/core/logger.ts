/** Structured log lines. `fields` are data; `message` is one sentence for a person. */
export abstract class Logger {
  /** Whether lines at level debug are written: what only such a line needs is not worked out otherwise. */
  abstract readonly debugging: boolean;
  abstract debug(message: string, fields?: Record<string, unknown>): void;
  abstract info(message: string, fields?: Record<string, unknown>): void;
  abstract warn(message: string, fields?: Record<string, unknown>): void;
  abstract error(message: string, fields?: Record<string, unknown>): void;
  /** A logger that adds `fields` to every line. */
  abstract child(fields: Record<string, unknown>): Logger;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debugging: false,
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
