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
  /** Two stand by themselves, the deadline and whoever carries the call: hardly any call has a third. */
  #first: CancelListener | undefined;
  #second: CancelListener | undefined;
  #more: Set<CancelListener> | undefined;
  #parent: Cancellation | undefined;
  #follows = false;
  #firstChild: Cancellation | undefined;
  #previous: Cancellation | undefined;
  #next: Cancellation | undefined;

  /** `follows`: whether it hears of the parent's end from now on, or only once it is told to. */
  constructor(parent?: Cancellation, follows = true) {
    super();
    if (parent === undefined) return;
    this.#reason = parent.#reason;
    this.#parent = parent;
    if (follows) this.follow();
  }

  /** Is cancelled with its parent from now on, at once if that already is. To be ended with `detach`. */
  follow(): void {
    const parent = this.#parent;
    if (parent === undefined || this.#follows || this.#reason !== undefined) return;
    if (parent.#reason !== undefined) return this.cancel(parent.#reason);
    const next = parent.#firstChild;
    if (next !== undefined) next.#previous = this;
    this.#next = next;
    parent.#firstChild = this;
    this.#follows = true;
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
    let count = [this.#first, this.#second].filter((each) => each !== undefined).length + (this.#more?.size ?? 0);
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
    else if (this.#first === undefined) this.#first = listener;
    else if (this.#second === undefined) this.#second = listener;
    else (this.#more ??= new Set()).add(listener);
  }

  unlisten(listener: CancelListener): void {
    if (this.#first === listener) this.#first = undefined;
    else if (this.#second === listener) this.#second = undefined;
    else this.#more?.delete(listener);
  }

  /** The first reason counts; later ones are ignored. */
  cancel(reason: PangaeaError = errorOf("canceled", "The caller cancelled the call.", { outcome: "unknown" })): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.detach();
    const [first, second, more] = [this.#first, this.#second, this.#more];
    this.#first = this.#second = this.#more = undefined;
    first?.(reason);
    second?.(reason);
    if (more !== undefined) for (const each of more) each(reason);
    while (this.#firstChild !== undefined) this.#firstChild.cancel(reason);
    this.#controller?.abort(reason);
  }

  /** Stops following the parent. Called when the work has settled, so that a long-lived parent keeps no trace of it. */
  detach(): void {
    if (!this.#follows) return;
    if (this.#previous === undefined) this.#parent!.#firstChild = this.#next;
    else this.#previous.#next = this.#next;
    if (this.#next !== undefined) this.#next.#previous = this.#previous;
    this.#follows = false;
    this.#parent = undefined;
    this.#previous = undefined;
    this.#next = undefined;
  }
}
