import { randomUUID } from "node:crypto";
import { Agent } from "node:http";
import { exchange } from "./exchange.js";
import { Stalls } from "./stalls.js";

/** One answer, or what came instead of it. */
interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** What clients saw that never tried anything twice. */
export interface Observed {
  requests: number;
  /** Answered with 5xx or not at all, but for what was late. */
  failed: number;
  /** Of these, those whose connection was refused or broke. */
  resets: number;
  /** Not answered before the deadline of its contract. */
  late: number;
  /** For how long this process itself did not run at most, in milliseconds: on a machine that stands still much is late. */
  longestStallMs: number;
  readonly latenciesMs: number[];
  /** The first few things that went wrong, for people. */
  readonly complaints: string[];
}

const maxComplaints = 20;
const triesAtTheDoor = 20;
const answerWithinMs = 60_000;

/**
 * Customers of the shop who keep their connection, ask one thing after the other and never ask twice: what goes wrong is
 * counted. Each has a connection of its own.
 */
export class KeepAliveLoad {
  readonly observed: Observed = {
    requests: 0,
    failed: 0,
    resets: 0,
    late: 0,
    longestStallMs: 0,
    latenciesMs: [],
    complaints: [],
  };
  readonly #agents: Agent[] = [];
  readonly #customers: Promise<void>[] = [];
  #stopping = false;

  readonly #stalls = new Stalls();

  constructor(private readonly url: string) {}

  /** Lets `count` customers in; resolves when each has been served once. */
  async start(count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        this.#agents.push(agent);
        const user = await this.#enter(agent, "/users", () => ({ name: "Load", email: `${randomUUID()}@example.org` }));
        const price = { currency: "EUR", amount: 100 };
        const wanted = { name: "Load", description: "Bought again and again.", price, stock: 1_000_000 };
        const product = await this.#enter(agent, "/products", () => wanted);
        this.#customers.push(this.#shop(agent, String(user.body.id), String(product.body.id)));
      }),
    );
  }

  /** Resolves when at least so many requests were made since the beginning. */
  async reach(requests: number): Promise<void> {
    while (this.observed.requests < requests && !this.#stopping)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async stop(): Promise<Observed> {
    this.#stopping = true;
    this.#stalls.stop();
    this.observed.longestStallMs = Math.round(this.#stalls.longestMs);
    await Promise.all(this.#customers);
    for (const agent of this.#agents) agent.destroy();
    return this.observed;
  }

  async #shop(agent: Agent, userId: string, productId: string): Promise<void> {
    const order = { userId, items: [{ productId, quantity: 1 }], payment: { token: "tok_ok" } };
    while (!this.#stopping) {
      await this.#ask(agent, "GET", `/products/${productId}`);
      await this.#ask(agent, "POST", "/orders", order);
      await this.#ask(agent, "GET", `/users/${userId}`);
      await this.#ask(agent, "GET", `/users/${userId}/orders`);
    }
  }

  /** Nobody goes home because the door was slow: without customers nothing would be shown. */
  async #enter(agent: Agent, path: string, bodyOf: () => object): Promise<Answer> {
    for (let tries = 0; tries < triesAtTheDoor; tries++) {
      const answer = await this.#ask(agent, "POST", path, bodyOf());
      if (answer?.body.id !== undefined) return answer;
    }
    throw new Error(`POST ${path} was not answered: ${this.observed.complaints.at(-1)}`);
  }

  /** One request, once. */
  async #ask(agent: Agent, method: string, path: string, body?: object): Promise<Answer | undefined> {
    const { observed } = this;
    const startedAt = performance.now();
    observed.requests++;
    try {
      const answer = await this.#send(agent, method, path, body);
      observed.latenciesMs.push(performance.now() - startedAt);
      if (answer.status < 500) return answer;
      if (answer.status === 504) observed.late++;
      else observed.failed++;
      this.#complain(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`, startedAt);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      observed.failed++;
      observed.resets++;
      this.#complain(`${method} ${path}: ${code ?? message}`, startedAt);
    }
    return undefined;
  }

  #complain(text: string, startedAt: number): void {
    const { complaints } = this.observed;
    if (complaints.length >= maxComplaints) return;
    complaints.push(`${new Date().toISOString()} ${text} after ${Math.round(performance.now() - startedAt)} ms`);
  }

  async #send(agent: Agent, method: string, path: string, body?: object): Promise<Answer> {
    const headers: Record<string, string> = path === "/orders" ? { "idempotency-key": randomUUID() } : {};
    const asked = { agent, method, body, headers, giveUpMs: answerWithinMs };
    const { status, text } = await exchange(new URL(path, this.url), asked);
    return { status, body: (text === "" ? {} : JSON.parse(text)) as Answer["body"] };
  }
}
