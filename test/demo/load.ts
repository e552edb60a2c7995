import { randomUUID } from "node:crypto";
import { requestUntilAnswered } from "./persistent-request.js";

/** What the load saw while one stage was up. Latencies in milliseconds, as the user felt them, waiting included. */
export interface Seen {
  requests: number;
  failed: number;
  /** Requests that found the door closed and were tried again. */
  waited: number;
  readonly orderLatencies: number[];
}

/** An order that the shop has acknowledged, and for whom. */
export interface Acknowledged {
  readonly orderId: string;
  readonly userId: string;
}

const giveUpAfterMs = 120_000;

/** A few customers who never stop buying: each request is tried again, under its key, until the shop answers. */
export class Load {
  seen: Seen = nothingSeen();
  readonly acknowledged: Acknowledged[] = [];
  readonly problems: string[] = [];
  #stopping = false;
  readonly #customers: Promise<void>[] = [];

  constructor(private readonly url: string) {}

  /** Lets `count` customers in. */
  start(count: number): void {
    for (let i = 0; i < count; i++) this.#customers.push(this.#shop());
  }

  /** Begins a new count and gives back the old one. */
  take(): Seen {
    const { seen } = this;
    this.seen = nothingSeen();
    return seen;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#customers);
  }

  async #shop(): Promise<void> {
    const email = `${randomUUID()}@example.org`;
    const user = await this.#request("POST", "/users", { name: "Load", email }, [201, 409]);
    const product = await this.#request(
      "POST",
      "/products",
      {
        name: "Load",
        description: "Bought again and again.",
        price: { currency: "EUR", amount: 100 },
        stock: 1_000_000,
      },
      [201],
    );
    if (user?.id === undefined || product?.id === undefined) return;
    while (!this.#stopping) {
      const startedAt = performance.now();
      const body = { userId: user.id, items: [{ productId: product.id, quantity: 1 }], payment: { token: "tok_ok" } };
      const order = await this.#request("POST", "/orders", body, [201, 202]);
      if (order?.id !== undefined) {
        this.seen.orderLatencies.push(performance.now() - startedAt);
        this.acknowledged.push({ orderId: order.id, userId: user.id });
      }
      await this.#request("GET", `/products/${product.id}`, undefined, [200]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** One request, until it is answered with a status that is expected. The key makes trying again safe. */
  async #request(
    method: string,
    path: string,
    body: object | undefined,
    expected: readonly number[],
  ): Promise<{ id?: string } | undefined> {
    const key = randomUUID();
    const { status, text, attempts } = await requestUntilAnswered({
      method,
      url: this.url + path,
      body,
      key,
      giveUpAfterMs,
    });
    this.seen.requests++;
    if (status !== undefined && expected.includes(status)) {
      if (attempts > 1) this.seen.waited++;
      return JSON.parse(text) as { id?: string };
    }
    this.seen.failed++;
    this.problems.push(`${method} ${path}: ${status ?? ""} ${text}`);
    return undefined;
  }
}

const nothingSeen = (): Seen => ({ requests: 0, failed: 0, waited: 0, orderLatencies: [] });
