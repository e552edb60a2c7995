import { Clock } from "pangaea";

interface Timer {
  readonly at: number;
  readonly action: () => void;
}

/** A clock that moves only when it is told to. */
export class HandClock extends Clock {
  #now = 0;
  #wall = 1_700_000_000_000;
  readonly #timers = new Set<Timer>();

  override now(): number {
    return this.#now;
  }

  override wallTime(): number {
    return this.#wall;
  }

  override after(delayMs: number, action: () => void): () => void {
    const timer = { at: this.#now + delayMs, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass; every timer runs at its moment. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#timers.delete(next);
      this.#move(Math.max(this.#now, next.at));
      next.action();
    }
    this.#move(until);
  }

  /** Lets `ms` pass while nothing can run, as under a blocked event loop; what is due runs afterwards. */
  stall(ms: number): void {
    this.#move(this.#now + ms);
    this.advance(0);
  }

  /** Moves only the clock that people read. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Lets time pass in small steps, and what waits for it go on, until `holds`. */
  async until(holds: () => boolean | Promise<boolean>, limitMs = 60_000, stepMs = 50): Promise<void> {
    for (let passed = 0; !(await holds()); passed += stepMs) {
      if (passed > limitMs) throw new Error(`not within ${limitMs} ms of this clock`);
      this.advance(stepMs);
      await new Promise(setImmediate);
    }
  }

  #move(to: number): void {
    this.#wall += to - this.#now;
    this.#now = to;
  }

  #next(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  }
}
