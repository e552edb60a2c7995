import type { Output } from "../core/contract.js";
import { operationsContract } from "../runtime/process-contract.js";
import { type Ask, reporting } from "./ask.js";
import { brief, fromEach, listLimit, modulesWithData, moment, operatorName, type OperatorOptions } from "./operator.js";
import { jsonText, table } from "./table.js";
import { UsageError } from "./usage-error.js";

/** Prints the sagas that have not ended, or with `all` those that have as well. */
export const listSagas = async (options: OperatorOptions & { readonly all?: boolean }): Promise<number> => {
  const modules = await modulesWithData(options.module);
  return reporting(options, async (ask) => {
    const { rows, exitCode } = await fromEach(modules, async (module) => {
      const input = { module, limit: listLimit, ended: options.all === true };
      return (await ask(operationsContract, "sagas", input)).sagas;
    });
    const lines = rows.map(
      ({ module, name, id, version, isKnown, phase, step, attempts, error, failure, startedAt }) => [
        module,
        `${name}/${id}`,
        isKnown ? String(version) : `${version} (not there)`,
        phase,
        step ?? "-",
        String(attempts),
        moment(startedAt),
        brief(error ?? failure),
      ],
    );
    const headings = ["module", "saga", "version", "phase", "step", "failed", "started", "because"];
    const text = () => (rows.length === 0 ? "No sagas.\n" : `${table(headings, lines)}\n`);
    process.stdout.write(options.json === true ? jsonText(rows) : text());
    return exitCode;
  });
};

/** Prints one saga in full. */
export const showSaga = (saga: string, options: OperatorOptions): Promise<number> =>
  withSaga(saga, options, async (ask, id) => print(options, id.module, await ask(operationsContract, "saga", id)));

/** Takes a parked saga up again where it stands. */
export const retrySaga = (saga: string, options: OperatorOptions): Promise<number> =>
  withSaga(saga, options, async (ask, id) => {
    const input = { ...id, by: operatorName(), why: options.why ?? "" };
    return print(options, id.module, await ask(operationsContract, "retrySaga", input));
  });

/** Turns a saga back, parks one that is being undone, ends one that is parked. */
export const abortSaga = (saga: string, options: OperatorOptions): Promise<number> =>
  withSaga(saga, options, async (ask, id) => {
    const input = { ...id, by: operatorName(), why: options.why ?? "" };
    return print(options, id.module, await ask(operationsContract, "abortSaga", input));
  });

interface SagaId {
  readonly module: string;
  readonly name: string;
  readonly id: string;
}

async function withSaga(
  saga: string,
  options: OperatorOptions,
  act: (ask: Ask, id: SagaId) => Promise<void>,
): Promise<number> {
  const id = await find(saga, options.module);
  return reporting(options, async (ask) => {
    await act(ask, id);
    return 0;
  });
}

/** Which saga is meant by `name/id`: of the module that has one of this name, unless a module is named. */
async function find(saga: string, moduleName: string | undefined): Promise<SagaId> {
  const slash = saga.indexOf("/");
  if (slash <= 0 || slash === saga.length - 1) {
    throw new UsageError(`"${saga}" is no saga; write name/id, as "pangaea sagas list" prints them.`);
  }
  const [name, id] = [saga.slice(0, slash), saga.slice(slash + 1)];
  const modules = await modulesWithData(moduleName);
  const owners = modules.filter(({ sagas }) => moduleName !== undefined || sagas.some((known) => known.name === name));
  if (owners.length === 1) return { module: owners[0]!.name, name, id };
  const found = owners.length === 0 ? "no module has" : "several modules have";
  throw new UsageError(`${found} a saga "${name}"; say whose it is with --module.`);
}

function print({ json }: OperatorOptions, module: string, saga: Output<typeof operationsContract, "saga">): void {
  if (json === true) {
    process.stdout.write(jsonText({ module, ...saga }));
    return;
  }
  const { name, id, version, isKnown, phase, step, attempts, error, failure, startedAt, changedAt, state } = saga;
  const rows = [
    ["saga", `${name}/${id} of ${module}`],
    ["version", `${version}${isKnown ? "" : ", which the module no longer has"}`],
    ["phase", phase],
    ["step", step === null ? "-" : `${step}, failed ${attempts} times`],
    ["stands because", error ?? "-"],
    ["turned back because", failure ?? "-"],
    ["started", moment(startedAt)],
    ["changed", moment(changedAt)],
    ["state", state],
    ...saga.history.map(({ at, by, act, why }) => [act, `${moment(at)} by ${by}${why === "" ? "" : `: ${why}`}`]),
  ];
  process.stdout.write(`${table(["what", "is"], rows)}\n`);
}
