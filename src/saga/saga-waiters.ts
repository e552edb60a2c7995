import type { SagaRow } from "../storage/framework-tables.js";

/** Those who wait for news of a saga: that it has settled, with its row, or that only the row knows. */
export class SagaWaiters {
  readonly #waiters = new Map<string, Set<(settled?: SagaRow) => void>>();

  /** Resolves with the next news of a saga. */
  news(key: string): Promise<SagaRow | undefined> {
    return new Promise((resolve) => {
      let waiters = this.#waiters.get(key);
      if (waiters === undefined) this.#waiters.set(key, (waiters = new Set()));
      waiters.add(resolve);
    });
  }

  tell(key: string, settled?: SagaRow): void {
    const waiters = this.#waiters.get(key);
    this.#waiters.delete(key);
    if (waiters !== undefined) for (const wake of waiters) wake(settled);
  }
}
