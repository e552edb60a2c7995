import { Timed } from "./deadline.js";
import { errorOf, type PangaeaError } from "./error.js";

export type CancelListener = (reason: PangaeaError) => void;

/**
 * Says that nobody waits for a piece of work any more, and why. Cancelling a parent cancels its children. Children stand
 * in a list of their parent's that costs nothing to enter or leave, and an AbortSignal is made only when somebody asks
 * for it: most calls never do.
 */
export class Cancellation extends Timed {
  /** What is named when the time is up. */
  work: { readonly service: string; readonly method: string } | undefined;
  #reason: PangaeaError | undefined;
  #controller: AbortController | undefined;
  /** The first listener stands by itself: hardly any call has a second. */
  #listener: CancelListener | undefined;
  #more: Set<CancelListener> | undefined;
  #parent: Cancellation | undefined;
  #firstChild: Cancellation | undefined;
  #previous: Cancellation | undefined;
  #next: Cancellation | undefined;

  constructor(parent?: Cancellation) {
    super();
    if (parent === undefined) return;
    if (parent.#reason !== undefined) {
      this.#reason = parent.#reason;
      return;
    }
    this.#parent = parent;
    const next = parent.#firstChild;
    if (next !== undefined) next.#previous = this;
    this.#next = next;
    parent.#firstChild = this;
  }

  /** Its deadline has come: what it stands for was not done in time. */
  passed(): void {
    const what = this.work === undefined ? "The work" : `${this.work.service}.${this.work.method}`;
    this.cancel(errorOf("deadline_exceeded", `${what} was not answered before its deadline.`, { outcome: "unknown" }));
  }

  get reason(): PangaeaError | undefined {
    return this.#reason;
  }

  /** How many children and listeners would hear of it now. */
  get followers(): number {
    let count = (this.#listener === undefined ? 0 : 1) + (this.#more?.size ?? 0);
    for (let child = this.#firstChild; child !== undefined; child = child.#next) count++;
    return count;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Runs `listener` when cancelled, at once if it already is; the returned function takes it back. */
  onCancel(listener: CancelListener): () => void {
    this.listen(listener);
    return () => this.unlisten(listener);
  }

  /** As `onCancel`; the same function takes it back through `unlisten`. */
  listen(listener: CancelListener): void {
    if (this.#reason !== undefined) listener(this.#reason);
    else if (this.#listener === undefined) this.#listener = listener;
    else (this.#more ??= new Set()).add(listener);
  }

  unlisten(listener: CancelListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#more?.delete(listener);
  }

  /** The first reason counts; later ones are ignored. */
  cancel(reason: PangaeaError = errorOf("canceled", "The caller cancelled the call.", { outcome: "unknown" })): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.detach();
    const listener = this.#listener;
    const more = this.#more;
    this.#listener = undefined;
    this.#more = undefined;
    listener?.(reason);
    if (more !== undefined) for (const each of more) each(reason);
    while (this.#firstChild !== undefined) this.#firstChild.cancel(reason);
    this.#controller?.abort(reason);
  }

  /** Stops following the parent. Called when the work has settled, so that a long-lived parent keeps no trace of it. */
  detach(): void {
    const parent = this.#parent;
    if (parent === undefined) return;
    if (this.#previous === undefined) parent.#firstChild = this.#next;
    else this.#previous.#next = this.#next;
    if (this.#next !== undefined) this.#next.#previous = this.#previous;
    this.#parent = undefined;
    this.#previous = undefined;
    this.#next = undefined;
  }
}
