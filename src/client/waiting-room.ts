import type { Clock } from "../core/clock.js";
import type { Context } from "../core/context.js";

/** So many calls of a process may wait at once; more are refused. */
const maxWaiting = 1_000;

/** Calls that wait until an instance of their service is there. */
export class WaitingRoom {
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#waiting.size;
  }

  /** Something has changed: everybody looks whether what they wait for is there. */
  look(): void {
    for (const look of this.#waiting) look();
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#closed = true;
    this.look();
  }

  /**
   * Resolves with true when `isThere` says so, looked at each time that something has changed, and with false at `until`
   * (a moment of the clock), or where too many wait already. Rejects as soon as the call is cancelled.
   */
  wait(context: Context, until: number, isThere: () => boolean): Promise<boolean> {
    const { cancellation } = context;
    if (cancellation.reason !== undefined) return Promise.reject(cancellation.reason);
    if (isThere()) return Promise.resolve(true);
    const waitMs = until - this.clock.now();
    if (!(waitMs > 0) || this.#closed || this.#waiting.size >= maxWaiting) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.#waiting.delete(look);
        cancelTimer();
        forget();
        settle();
      };
      const look = () => {
        if (this.#closed || isThere()) end(() => resolve(!this.#closed));
      };
      this.#waiting.add(look);
      const cancelTimer = this.clock.after(waitMs, () => end(() => resolve(false)));
      const forget = cancellation.onCancel((reason) => end(() => reject(reason)));
    });
  }
}
