/** What a server is doing, over all its connections and forms. */
export class Activity {
  #running = 0;
  #draining = false;
  #onIdle: (() => void) | undefined;

  /** Handlers that have not settled. */
  get running(): number {
    return this.#running;
  }

  /** Whether new calls are refused. */
  get draining(): boolean {
    return this.#draining;
  }

  begin(): void {
    this.#running++;
  }

  end(): void {
    if (--this.#running === 0) this.#onIdle?.();
  }

  /** From now on new calls are refused; resolves when no handler runs. */
  drain(): Promise<void> {
    this.#draining = true;
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => (this.#onIdle = resolve));
  }
}
