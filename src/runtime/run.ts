import { type Clock, sleep } from "../core/clock.js";
import type { Answered } from "../core/meter.js";
import type { Instance } from "../core/registry.js";
import type { ChildMessage, Line, SupervisorMessage } from "../discovery/supervisor-registry.js";

/** So long a child may take to say how it is. */
const answerWithinMs = 5_000;

/** A process as its supervisor holds it. */
export interface Child extends Line<SupervisorMessage, ChildMessage> {
  readonly pid: number;
  /** Resolves with its exit code, or null where a signal ended it. */
  readonly exited: Promise<number | null>;
  kill(): void;
}

/** How far a child has come. `waiting`: loaded, and owning nothing until it is its turn. */
type Progress = "starting" | "waiting" | "ready" | "ended";

export interface RunOptions {
  readonly child: Child;
  /** For people. */
  readonly name: string;
  /** What it runs, where that is not the supervisor's own. */
  readonly build: string | undefined;
  /** It owns nothing until it is told to go. */
  readonly waits: boolean;
  readonly clock: Clock;
  /** Its event loop runs, and was late by so much. Milliseconds. */
  readonly onBeat: (lagMs: number) => void;
  /** It has said something that others may want to know; `registration`: of who is where. */
  readonly onChange: (registration: boolean) => void;
}

/** One child process, from its start to its end. */
export class Run {
  progress: Progress = "starting";
  addresses: Readonly<Record<string, string>> = {};
  /** It answers what it has; others are told to send it nothing new. */
  isDraining = false;
  readonly startedAt: number;
  readonly ended: Promise<number | null>;
  #instance: Instance | undefined;
  #acknowledged = 0;
  #question = 0;
  #answer: { readonly question: number; readonly counts: Answered } | undefined;
  readonly #watchers = new Set<() => void>();

  readonly child: Child;
  readonly name: string;
  readonly build: string | undefined;
  #waits: boolean;
  readonly #clock: Clock;
  readonly #onBeat: (lagMs: number) => void;
  readonly #onChange: (registration: boolean) => void;

  constructor({ child, name, build, waits, clock, onBeat, onChange }: RunOptions) {
    this.child = child;
    this.name = name;
    this.build = build;
    this.#waits = waits;
    this.#clock = clock;
    this.#onBeat = onBeat;
    this.#onChange = onChange;
    this.startedAt = clock.now();
    const stopListening = child.onMessage((message) => this.#receive(message));
    this.ended = child.exited.then((code) => {
      stopListening();
      this.progress = "ended";
      this.#instance = undefined;
      this.#tell();
      this.#onChange(true);
      return code;
    });
  }

  /** As others are to see it; undefined where it is not registered. */
  get instance(): Instance | undefined {
    return this.#instance && this.isDraining ? { ...this.#instance, isDraining: true } : this.#instance;
  }

  /** The newest list of instances by which it sends its calls. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Resolves with true when `holds`, looked at whenever the child has said something or ended; with false after `withinMs`. */
  async until(holds: () => boolean, withinMs: number): Promise<boolean> {
    if (holds()) return true;
    const inTime = new AbortController();
    const look = () => {
      if (holds()) inTime.abort();
    };
    this.#watchers.add(look);
    await sleep(this.#clock, withinMs, inTime.signal);
    this.#watchers.delete(look);
    return holds();
  }

  /** What it has answered so far; undefined where it does not say. */
  async traffic(): Promise<Answered | undefined> {
    const question = ++this.#question;
    this.child.send({ type: "traffic", question });
    const isAnswered = () => (this.#answer?.question ?? 0) >= question;
    await this.until(() => isAnswered() || this.progress === "ended", answerWithinMs);
    return isAnswered() ? this.#answer!.counts : undefined;
  }

  /** It is its turn, where it has waited for it. */
  go(): void {
    if (this.#waits) this.child.send({ type: "go" });
    this.#waits = false;
  }

  /** Lets it drain and end; it is killed where that takes longer than `withinMs`. */
  async stop(withinMs: number, graceMs: number, onKill: () => void): Promise<void> {
    this.child.send(graceMs > 0 ? { type: "stop", graceMs } : { type: "stop" });
    if (!(await this.until(() => this.progress === "ended", withinMs + graceMs))) {
      onKill();
      this.child.kill();
    }
    await this.ended;
  }

  #receive(message: ChildMessage): void {
    if (message.type === "beat") return this.#onBeat(message.lagMs);
    if (message.type === "acknowledge") this.#acknowledged = Math.max(this.#acknowledged, message.list);
    if (message.type === "prepared") this.progress = "waiting";
    if (message.type === "ready") {
      this.progress = "ready";
      this.addresses = message.addresses;
    }
    if (message.type === "register") this.#instance = message.instance;
    if (message.type === "deregister") this.#instance = undefined;
    if (message.type === "traffic") this.#answer = message;
    this.#tell();
    if (message.type !== "acknowledge" && message.type !== "traffic")
      this.#onChange(message.type === "register" || message.type === "deregister");
  }

  #tell(): void {
    for (const look of this.#watchers) look();
  }
}
