import { hostname, userInfo } from "node:os";
import { isError } from "../core/error.js";
import type { Module } from "../core/module.js";
import { loadProjectModules } from "./load-system.js";
import { insteadOf } from "./nearest.js";
import { UsageError } from "./usage-error.js";

export interface OperatorOptions {
  /** By default every module with data, or the one that it must be. */
  readonly module?: string;
  readonly url?: string;
  readonly json?: boolean;
  readonly why?: string;
}

/** So many rows of a module a listing shows. */
export const listLimit = 200;

/** Who gives the command, for the record. */
export const operatorName = (): string => `${userInfo().username}@${hostname()}`;

/** The project's modules that have data, or the one that is named. */
export async function modulesWithData(name: string | undefined): Promise<Module[]> {
  const all = [...(await loadProjectModules()).values()].filter(({ migrations }) => migrations !== undefined);
  const chosen = all.filter((module) => name === undefined || module.name === name);
  if (chosen.length > 0) return chosen;
  const names = all.map((module) => module.name);
  throw new UsageError(`there is no module "${name}" with data. ${insteadOf(name ?? "", names)}`);
}

/**
 * Asks each module for its rows and puts them together, each with its module's name. One that is left out of the system
 * has none; one that cannot be asked is named on stderr, and fails the command.
 */
export async function fromEach<Row extends object>(
  modules: readonly Module[],
  rowsOf: (module: string) => Promise<readonly Row[]>,
): Promise<{ rows: ({ module: string } & Row)[]; exitCode: number }> {
  const failed: { readonly module: string; readonly error: Error }[] = [];
  const answers = modules.map(async ({ name }) => {
    try {
      return (await rowsOf(name)).map((row) => ({ module: name, ...row }));
    } catch (error) {
      if (!isError(error)) throw error;
      if (error.reason !== "MODULE_NOT_FOUND" || modules.length === 1) failed.push({ module: name, error });
      return [];
    }
  });
  const rows = (await Promise.all(answers)).flat();
  // Where nobody answers there is one reason, and it is not a module's.
  if (failed.length > 0 && failed.length === modules.length) throw failed[0]!.error;
  for (const { module, error } of failed) process.stderr.write(`${module} could not be asked: ${error.message}\n`);
  return { rows, exitCode: failed.length > 0 ? 1 : 0 };
}

/** A moment as operators compare it with their logs. */
export const moment = (epochMs: number): string => new Date(epochMs).toISOString();

/** The first line of a text that may be long. */
export const brief = (text: string | null): string => {
  const [line = ""] = (text ?? "-").split("\n");
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
};
