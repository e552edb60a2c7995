import { Agent } from "node:http";
import { exchange } from "./exchange.js";

/** What became of one visit, which was tried once. */
export interface Visit {
  readonly id: string;
  /** Moments of `performance.now()`. */
  readonly begunAt: number;
  readonly settledAt: number;
  /** Of HTTP; 0 where the connection broke. */
  readonly status: number;
  /** Who has taken it in. */
  readonly host: string | undefined;
  /** What came instead, for people. */
  readonly complaint: string;
}

const pauseMs = 50;
const answerWithinMs = 60_000;

/** Visitors who keep their connection, come again and again, one visit after the other each, and never ask twice. */
export class Visitors {
  readonly visits: Visit[] = [];
  readonly #agents: Agent[] = [];
  readonly #all: Promise<void>[] = [];
  #leaving = false;

  constructor(
    private readonly url: string,
    count: number,
  ) {
    for (let visitor = 0; visitor < count; visitor++) this.#all.push(this.#come(visitor));
  }

  /** Those that began at `moment` or later and have settled. */
  since(moment: number): Visit[] {
    return this.visits.filter(({ begunAt }) => begunAt >= moment);
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    await Promise.all(this.#all);
    for (const agent of this.#agents) agent.destroy();
  }

  async #come(visitor: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.#agents.push(agent);
    for (let turn = 0; !this.#leaving; turn++) {
      const id = `${visitor}.${turn}`;
      const begunAt = performance.now();
      const answer = await this.#ask(agent, id);
      this.visits.push({ id, begunAt, settledAt: performance.now(), ...answer });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async #ask(agent: Agent, id: string): Promise<Pick<Visit, "status" | "host" | "complaint">> {
    try {
      const asked = { agent, method: "POST", body: { id }, giveUpMs: answerWithinMs };
      const { status, text } = await exchange(new URL("/visits", this.url), asked);
      const { host } = JSON.parse(text) as { host?: string };
      return { status, host, complaint: host === undefined ? text : "" };
    } catch (error) {
      return { status: 0, host: undefined, complaint: (error as Error).message };
    }
  }
}
