import { Clock } from "pangaea";

interface Timer {
  readonly at: number;
  /** Breaks ties: what was asked for first runs first. */
  readonly number: number;
  readonly action: () => void;
  cancelled: boolean;
}

const isBefore = (one: Timer, other: Timer): boolean =>
  one.at < other.at || (one.at === other.at && one.number < other.number);

const restMs = 5;
const maxRests = 4_000;

/** Lets everything that can go on without time passing go on: promises are settled before this comes back. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Time that passes only when everybody waits for it, and then at once. Timers of one moment run in the order in which
 * they were set, so the same program gives the same course.
 */
export class VirtualTime {
  #now = 0;
  #count = 0;
  /** A heap: the next timer stands first. */
  readonly #timers: Timer[] = [];

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, delayMs), number: this.#count++, action, cancelled: false };
    this.#push(timer);
    return () => void (timer.cancelled = true);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Lets time pass until `work` is done. Throws where nothing is left that could end it, or after `limitMs`. */
  async run<T>(work: Promise<T>, limitMs: number): Promise<T> {
    let isDone = false;
    const done = () => void (isDone = true);
    work.then(done, done);
    const end = this.#now + limitMs;
    for (let rests = 0; ;) {
      await turn();
      if (isDone) return work;
      const timer = this.#pop();
      if (timer === undefined) {
        // The first start loads files, which takes real time.
        if (++rests > maxRests) throw new Error("nothing is left to wait for");
        await new Promise((resolve) => setTimeout(resolve, restMs));
        continue;
      }
      if (timer.at > end) throw new Error(`not done within ${limitMs} ms of virtual time`);
      this.#now = timer.at;
      timer.action();
    }
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    for (;;) {
      const first = this.#takeFirst();
      if (first === undefined || !first.cancelled) return first;
    }
  }

  #takeFirst(): Timer | undefined {
    const heap = this.#timers;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last!;
    return first;
  }
}

/** The wall clock of the beginning. Later than the templates' files, as it is where a shop is started again. */
const epoch = 1_800_000_000_000;

/** The clock of one process: it can be held, as by SIGSTOP, and ends with the process. */
export class ProcessClock extends Clock {
  #held: (() => void)[] | undefined;
  #ended = false;

  constructor(private readonly time: VirtualTime) {
    super();
  }

  override now(): number {
    return this.time.now;
  }

  override wallTime(): number {
    return epoch + this.time.now;
  }

  override after(delayMs: number, action: () => void): () => void {
    let cancelled = false;
    const cancel = this.time.after(delayMs, () => {
      this.whenRunning(() => {
        if (!cancelled) action();
      });
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  /** Runs `action` now or, where the process is held, when it goes on; never once it has ended. */
  whenRunning(action: () => void): void {
    if (this.#ended) return;
    if (this.#held === undefined) action();
    else this.#held.push(action);
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  hold(): void {
    this.#held ??= [];
  }

  /** Everything that came due meanwhile runs now, in its order. */
  goOn(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    // One after the other, with whatever each sets off, as an event loop does.
    for (const action of held) this.time.after(0, () => this.whenRunning(action));
  }

  end(): void {
    this.#ended = true;
  }
}
