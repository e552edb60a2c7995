import { DefinitionError } from "./contract.js";
import type { Constructor } from "./module.js";

/** The books of a module: figure → key (a product, a user) → a sum. A key that is missing stands for zero. */
export type Figures = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The books that a module keeps, and what must be true of them. */
export interface AuditSpec {
  /** A class of the module that needs its Database and nothing else. */
  readonly target: Constructor;
  /** Reads the books; must change nothing. Runs in one transaction. */
  readonly figures: (target: any) => Promise<Figures>;
  /**
   * `supplied = available + sold`: for every key both sides come to the same. What names figures of this module alone
   * holds at every instant; what names those of a neighbour too, `sold = shelves.sold`, once nothing is under way.
   */
  readonly equations: readonly string[];
}

/** One term of an equation. */
export interface Term {
  readonly module: string;
  readonly figure: string;
}

/** An equation that has been read. */
export interface Equation {
  /** The module that says so. */
  readonly module: string;
  readonly text: string;
  readonly left: readonly Term[];
  readonly right: readonly Term[];
  /** Whether it need hold only while no saga and no event is under way. */
  readonly atRest: boolean;
}

const term = /^(?:([a-z][a-z0-9-]*)\.)?([a-z][A-Za-z0-9]*)$/;

/** Reads an equation of a module; throws a `DefinitionError` where it is none. */
export function equationOf(module: string, text: string): Equation {
  const sides = text.split("=").map((side) =>
    side.split("+").map((name): Term => {
      const [, other, figure] = term.exec(name.trim()) ?? [];
      if (figure === undefined) throw notAnEquation(module, text);
      return { module: other ?? module, figure };
    }),
  );
  const [left, right, ...more] = sides;
  if (left === undefined || right === undefined || more.length > 0) throw notAnEquation(module, text);
  return { module, text, left, right, atRest: [...left, ...right].some((each) => each.module !== module) };
}

const notAnEquation = (module: string, text: string) =>
  new DefinitionError(`module ${module}: audit: "${text}": write an equation of figures: a = b + neighbour.c`);
