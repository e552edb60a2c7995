import { errorOf, type PangaeaError } from "./error.js";

/**
 * Says that nobody waits for a piece of work any more, and why. Cancelling a parent cancels its children. An AbortSignal
 * is made only when somebody asks for it: most calls never do.
 */
export class Cancellation {
  #reason: PangaeaError | undefined;
  #listeners: Set<(reason: PangaeaError) => void> | undefined;
  #controller: AbortController | undefined;
  readonly #unlink: (() => void) | undefined;

  constructor(parent?: Cancellation) {
    this.#unlink = parent?.onCancel((reason) => this.cancel(reason));
  }

  get reason(): PangaeaError | undefined {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Runs `listener` when cancelled, at once if it already is; the returned function takes it back. */
  onCancel(listener: (reason: PangaeaError) => void): () => void {
    if (this.#reason !== undefined) {
      listener(this.#reason);
      return () => {};
    }
    const listeners = (this.#listeners ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** The first reason counts; later ones are ignored. */
  cancel(reason: PangaeaError = errorOf("canceled", "The caller cancelled the call.", { outcome: "unknown" })): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.detach();
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener(reason);
    this.#controller?.abort(reason);
  }

  /** Stops following the parent. Called when the work has settled, so that a long-lived parent keeps no trace of it. */
  detach(): void {
    this.#unlink?.();
  }
}
