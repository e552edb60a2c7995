/** A mistake as somebody might make it: one place of the source changed, and the test that must notice. */
export interface Patch {
  readonly name: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The test file that must go red. */
  readonly test: string;
  /** Lies within reach of the simulation, which must go red too. */
  readonly simulation?: true;
}

const storage = (name: string) => `src/storage/${name}.ts`;
const events = (name: string) => `src/events/${name}.ts`;
const unit = (name: string) => `test/unit/${name}.test.ts`;

export const patches: readonly Patch[] = [
  {
    name: "acknowledge before commit",
    file: storage("group-commit"),
    find: "settle.push(await this.#within(db, change));",
    replace: "(await this.#within(db, change))();",
    test: unit("group-commit"),
    simulation: true,
  },
  {
    name: "a failed change stays in the shared transaction",
    file: storage("group-commit"),
    find: 'await run(db, "rollback to change");',
    replace: "",
    test: unit("group-commit"),
  },
  {
    name: "a durable commit is not flushed when a relaxed one shares its transaction",
    file: storage("group-commit"),
    find: "const relaxed = this.#queue.every(",
    replace: "const relaxed = this.#queue.some(",
    test: unit("group-commit"),
  },
  {
    name: "no fencing",
    file: storage("ownership"),
    find: "if (rows[0]?.epoch === this.#epoch && !this.#lost) return;",
    replace: "return;",
    test: unit("ownership"),
    simulation: true,
  },
  {
    name: "data taken from an owner that lives",
    file: storage("ownership"),
    find: "clock.now() - seen.since >= leaseMs;",
    replace: "clock.now() - seen.since >= 0;",
    test: unit("ownership"),
  },
  {
    name: "no inbox",
    file: storage("framework-rows"),
    find: "if (numAffectedRows === 0n) throw new AlreadyHandled();",
    replace: "",
    test: unit("module-store"),
    simulation: true,
  },
  {
    name: "idempotency key ignored",
    file: storage("unit-of-work"),
    find: "    if (stored !== undefined) {",
    replace: "    if (stored === null) {",
    test: unit("module-store"),
    simulation: true,
  },
  {
    name: "a key answers another input",
    file: storage("framework-rows"),
    find: "if (row.input_hash !== keyed.inputHash) throw",
    replace: "if (row === null) throw",
    test: unit("module-store"),
  },
  {
    name: "a refused change is kept",
    file: storage("unit-of-work"),
    find: 'await run(db, "rollback to effect");',
    replace: "",
    test: unit("module-store"),
  },
  {
    name: "an event that was not confirmed is passed over",
    file: events("feed"),
    find: "this.#onFailure(key, lane, row, error);",
    replace: "this.#onConfirmed(key, lane, row);",
    test: unit("relay"),
    simulation: true,
  },
  {
    name: "the order of a key is not kept",
    file: events("feed"),
    find: "const lane = this.#lanes.get(row.key);",
    replace: "row = { ...row, key: row.id };\n    const lane: Lane | undefined = undefined as Lane | undefined;",
    test: unit("relay"),
    simulation: true,
  },
  {
    name: "the cursor passes what is not confirmed",
    file: events("feed"),
    find: "for (const first of this.#open) return first - 1;",
    replace: "",
    test: unit("relay"),
    simulation: true,
  },
  {
    name: "outbox rows deleted before everybody has them",
    file: events("outbox"),
    find: "Math.min(...names.map(",
    replace: "Math.max(...names.map(",
    test: unit("relay"),
  },
  {
    name: "attempts not counted before the handler",
    file: events("inbox"),
    find: "do update set attempts = pangaea_inbox.attempts + 1",
    replace: "do update set attempts = pangaea_inbox.attempts",
    test: unit("inbox"),
  },
  {
    name: "later events overtake a dead letter of their key",
    file: events("inbox"),
    find: "const isBehind = await hasDeadLetter(db, producer, key);",
    replace: "const isBehind = false;",
    test: unit("inbox"),
  },
  {
    name: "an outage counts as an attempt",
    file: events("inbox"),
    find: "if (isPassing(error)) {",
    replace: "if (isPassing(null)) {",
    test: unit("inbox"),
  },
  {
    name: "compensation skipped",
    file: "src/saga/saga-course.ts",
    find: "if (undo !== undefined) {",
    replace: "if (undo === null) {",
    test: unit("saga-runner"),
    simulation: true,
  },
  {
    name: "a saga goes on under another version's definition",
    file: "src/saga/define-saga.ts",
    find: "known.name === name && known.version === version",
    replace: "known.name === name",
    test: unit("saga-runner"),
  },
  {
    name: "a person's retry asks under the keys that were refused",
    file: "src/saga/saga-operator.ts",
    find: 'row.round + (row.phase === "parked" && isRefused ? 1 : 0)',
    replace: "row.round",
    test: unit("saga-operator"),
  },
  {
    name: "a job that runs again commits again",
    file: "src/saga/define-job.ts",
    find: "(ctx as Context).local.set(keyedCall, identity);",
    replace: "void identity;",
    test: unit("jobs"),
  },
  {
    name: "no retry budget",
    file: "src/interceptors/retry-budget.ts",
    find: "if (this.left < 1) {",
    replace: "if (this.left < 0) {",
    test: unit("retry"),
  },
  {
    name: "mutations of unknown outcome are tried again",
    file: "src/interceptors/retry.ts",
    find: 'if (error.outcome !== "unknown") return true;',
    replace: "if (error.outcome) return true;",
    test: unit("retry"),
  },
  {
    name: "a breaker that never heals",
    file: "src/interceptors/circuit-breaker.ts",
    find: "else if (isWell === true) this.#close();",
    replace: "else if (isWell === true) this.#probeAt = undefined;",
    test: unit("circuit-breaker"),
  },
  {
    name: "a probe that is lost keeps a breaker open for ever",
    file: "src/interceptors/circuit-breaker.ts",
    find: "return this.#probeAt !== undefined && this.clock.now() - this.#probeAt < this.settings.openMs;",
    replace: "return this.#probeAt !== undefined;",
    test: unit("circuit-breaker"),
  },
  {
    name: "shedding off",
    file: "src/interceptors/load-limit.ts",
    find: "if (this.running < this.limit && this.queued === 0) {",
    replace: "if (this.running < Infinity) {",
    test: unit("load-limit"),
  },
];
