import type { ChildMessage, SupervisorMessage } from "../../src/discovery/supervisor-registry.js";
import type { Child } from "../../src/runtime/supervisor.js";

/** A process that does what the test says. */
export class FakeChild implements Child {
  readonly exited: Promise<number | null>;
  readonly received: SupervisorMessage[] = [];
  killed = false;
  /** Whether it says at once that it has heard a list. */
  acknowledges = true;
  readonly #listeners = new Set<(message: ChildMessage) => void>();
  #exit!: (code: number | null) => void;

  constructor(
    readonly name: string,
    readonly pid: number,
    private readonly log: string[],
  ) {
    this.exited = new Promise((resolve) => (this.#exit = resolve));
  }

  send(message: SupervisorMessage): void {
    this.received.push(message);
    if (message.type === "stop") this.log.push(`${this.name} is told to stop`);
    if (message.type === "go") this.log.push(`${this.name} is told to go`);
    if (message.type === "instances" && message.list !== undefined && this.acknowledges) {
      this.say({ type: "acknowledge", list: message.list });
    }
  }

  onMessage(listener: (message: ChildMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  kill(): void {
    this.killed = true;
    this.exit(null);
  }

  say(message: ChildMessage): void {
    for (const listener of this.#listeners) listener(message);
  }

  exit(code: number | null): void {
    this.log.push(`${this.name} ends`);
    this.#exit(code);
  }

  /** Names of the suspect ones in the list it was told last. */
  get suspects(): string[] {
    const lists = this.received.filter((message) => message.type === "instances");
    return (lists.at(-1)?.instances ?? []).filter(({ isSuspect }) => isSuspect).map((instance) => instance.process);
  }

  /** Names of the processes in the list it was told last. */
  get known(): string[] {
    const lists = this.received.filter((message) => message.type === "instances");
    return (lists.at(-1)?.instances ?? []).map((instance) => instance.process);
  }
}
