import { type AuditSpec, type Equation, equationOf, type Figures, type Term } from "../core/audit.js";
import { type Clock, sleep } from "../core/clock.js";
import { DefinitionError } from "../core/contract.js";
import type { Ids } from "../core/ids.js";
import type { Logger } from "../core/logger.js";
import type { Module } from "../core/module.js";
import type { ReadOnlyStore, Standing } from "../storage/read-only-store.js";
import { createContainer } from "./container.js";
import { subscribersOf } from "./subscribers.js";

/** A key for which the two sides of an equation differ. */
interface Difference {
  readonly key: string;
  readonly left: number;
  readonly right: number;
}

/** What became of one equation. */
export interface AuditedEquation {
  readonly module: string;
  readonly text: string;
  /** Undefined where it could not be compared, because work is under way. */
  readonly differences: readonly Difference[] | undefined;
  /** What each side comes to over all keys; meaningful where there are no differences. */
  readonly total: number;
}

/** What the books of a system say. */
export interface Audit {
  readonly equations: readonly AuditedEquation[];
  readonly openSagas: number;
  readonly openEvents: number;
  readonly parkedSagas: number;
  readonly deadLetters: number;
  /** Whether nothing was under way while the books were read. */
  readonly atRest: boolean;
}

export interface AuditOptions {
  /** The modules of the system. */
  readonly modules: ReadonlyMap<string, Module>;
  /** Opens a module's data to look at it; throws where it is not there. */
  readonly openStore: (module: string) => Promise<ReadOnlyStore>;
  /** For how long to read again until nothing is under way. Milliseconds. */
  readonly waitMs: number;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

const betweenReadingsMs = 100;

/** Reads the books of every module that keeps some and says whether they balance. Changes nothing; throws where data is missing. */
export async function audit(options: AuditOptions): Promise<Audit> {
  const { modules, clock, waitMs } = options;
  const equations = equationsOf(modules);
  const stores = new Map<string, ReadOnlyStore>();
  try {
    for (const { name, migrations } of modules.values())
      if (migrations !== undefined) stores.set(name, await options.openStore(name));
    for (const giveUp = clock.now() + waitMs; ; await sleep(clock, betweenReadingsMs)) {
      const result = await auditOnce(options, stores, equations);
      if (result.atRest || clock.now() >= giveUp) return result;
    }
  } finally {
    await Promise.all([...stores.values()].map((store) => store.close()));
  }
}

async function auditOnce(
  options: AuditOptions,
  stores: ReadonlyMap<string, ReadOnlyStore>,
  equations: readonly Equation[],
): Promise<Audit> {
  const { modules } = options;
  const standings = () =>
    Promise.all([...stores.values()].map((store) => standingOf(store, modules.get(store.module)!, modules)));
  const before = await standings();
  const books = new Map<string, Figures>();
  for (const store of stores.values()) {
    const module = modules.get(store.module)!;
    if (module.audit !== undefined) books.set(module.name, await readFigures(module, module.audit, store, options));
  }
  const after = await standings();
  const sum = (pick: (standing: Standing) => number) => after.reduce((total, each) => total + pick(each), 0);
  const openSagas = sum((each) => each.openSagas);
  const openEvents = sum((each) => each.openEvents);
  const atRest = openSagas + openEvents === 0 && JSON.stringify(before) === JSON.stringify(after);
  return {
    equations: equations.map((equation) => compare(equation, books, !equation.atRest || atRest)),
    openSagas,
    openEvents,
    parkedSagas: sum((each) => each.parkedSagas),
    deadLetters: sum((each) => each.deadLetters),
    atRest,
  };
}

const standingOf = (store: ReadOnlyStore, module: Module, modules: ReadonlyMap<string, Module>): Promise<Standing> =>
  store.snapshot(() => store.standing(subscribersOf(module, modules.values())));

function readFigures(module: Module, spec: AuditSpec, store: ReadOnlyStore, options: AuditOptions) {
  const refuse = (): never => {
    throw new DefinitionError(`module ${module.name}: audit: its figures are read from its Database and nothing else.`);
  };
  const resolve = createContainer(module, {
    ...options,
    events: { publish: refuse },
    data: { database: store, work: { commit: refuse }, sagas: { settled: refuse } },
    client: () => ({}),
  });
  return store.snapshot(() => spec.figures(resolve(spec.target)));
}

/** The equations of which every figure is there: a neighbour that is no part of this system has nothing to say. */
function equationsOf(modules: ReadonlyMap<string, Module>): Equation[] {
  return [...modules.values()]
    .flatMap(({ name, audit }) => (audit?.equations ?? []).map((text) => equationOf(name, text)))
    .filter(({ left, right }) => [...left, ...right].every(({ module }) => modules.has(module)));
}

function compare(equation: Equation, books: ReadonlyMap<string, Figures>, comparable: boolean): AuditedEquation {
  const { module, text } = equation;
  if (!comparable) return { module, text, differences: undefined, total: 0 };
  const sumOf = (terms: readonly Term[]) => {
    const sums = new Map<string, number>();
    for (const { module: owner, figure } of terms) {
      const values = books.get(owner)?.[figure];
      if (values === undefined)
        throw new DefinitionError(`module ${module}: audit: "${text}": ${owner} has no figure ${figure}.`);
      for (const [key, value] of Object.entries(values)) sums.set(key, (sums.get(key) ?? 0) + value);
    }
    return sums;
  };
  const [left, right] = [sumOf(equation.left), sumOf(equation.right)];
  const differences = [...new Set([...left.keys(), ...right.keys()])]
    .map((key) => ({ key, left: left.get(key) ?? 0, right: right.get(key) ?? 0 }))
    .filter((each) => each.left !== each.right);
  return { module, text, differences, total: [...left.values()].reduce((total, value) => total + value, 0) };
}
