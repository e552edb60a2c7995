import { randomUUID } from "node:crypto";
import { type Answer, requestUntilAnswered } from "../demo/persistent-request.js";

/** An order as its customer knows it: what was asked, and what was told. Times are of `performance.now()`. */
export interface AskedOrder {
  readonly key: string;
  readonly userId: string;
  readonly quantity: number;
  readonly token: string;
  readonly askedAt: number;
  /** When the definite answer came. */
  answeredAt?: number;
  /** Told ok: acknowledged as confirmed. Told failed: refused. Unknown: nobody gave an answer. */
  told: "ok" | "failed" | "unknown";
  orderId?: string;
  /** More than one where an answer was lost, or was "not now" or "not yet". */
  attempts: number;
  /** Whether the customer was told that the order is cancelled. */
  cancelled: boolean;
}

export interface CustomersOptions {
  readonly url: string;
  /** How many orders to ask for at least. */
  readonly orders: number;
  /** Goes on asking, up to four times as many, until this holds. */
  readonly isOver: () => boolean;
}

const customerCount = 6;
const giveUpAfterMs = 90_000;
const betweenOrdersMs = 20;
export const price = 700;
export const stock = 1_000_000;

/**
 * Customers who order one product, each order under a key of its own and asked again until it is answered. Every sixth
 * order has a card that is declined, every sixth is cancelled when it is confirmed.
 */
export class Customers {
  readonly orders: AskedOrder[] = [];
  /** What no customer should ever be told. */
  readonly complaints: string[] = [];
  productId = "";

  constructor(private readonly options: CustomersOptions) {}

  /** How many orders have their definite answer. */
  get answered(): number {
    return this.orders.filter(({ answeredAt }) => answeredAt !== undefined).length;
  }

  /** Registers the customers and puts the product on the shelf. */
  async enter(): Promise<string[]> {
    const product = { name: "Chaos", description: "Bought in bad times.", price: { currency: "EUR", amount: price } };
    this.productId = (await this.#made("/products", () => ({ ...product, stock }))).id;
    const customer = () => ({ name: "Chaos", email: `${randomUUID()}@example.org` });
    return Promise.all(Array.from({ length: customerCount }, async () => (await this.#made("/users", customer)).id));
  }

  /** Orders until enough is ordered and the fault is over. */
  async shop(userIds: readonly string[]): Promise<void> {
    await Promise.all(userIds.map((userId) => this.#shop(userId)));
  }

  async #shop(userId: string): Promise<void> {
    const { orders, isOver } = this.options;
    while (this.orders.length < orders || (!isOver() && this.orders.length < 4 * orders)) {
      const number = this.orders.length;
      const order: AskedOrder = {
        key: randomUUID(),
        userId,
        quantity: 1 + (number % 3),
        token: number % 6 === 1 ? "tok_declined" : "tok_ok",
        askedAt: performance.now(),
        told: "unknown",
        attempts: 0,
        cancelled: false,
      };
      this.orders.push(order);
      await this.#order(order);
      if (order.told === "ok" && number % 6 === 3) await this.#cancel(order);
      await new Promise((resolve) => setTimeout(resolve, betweenOrdersMs));
    }
  }

  async #order(order: AskedOrder): Promise<void> {
    const answer = await this.ask(order);
    order.attempts += answer.attempts;
    if (answer.status === undefined || answer.status === 202) return;
    order.answeredAt = performance.now();
    if (answer.status === 201) {
      order.told = "ok";
      order.orderId = (JSON.parse(answer.text) as { id: string }).id;
    } else {
      order.told = "failed";
      if (answer.status !== 402) this.complaints.push(`order ${order.key}: ${answer.status} ${answer.text}`);
    }
  }

  /** Asks for an order under its key; "not yet" (202) is asked again. */
  ask({ key, userId, quantity, token }: AskedOrder): Promise<Answer> {
    const items = [{ productId: this.productId, quantity }];
    return this.#untilSettled("/orders", key, { userId, items, payment: { token } });
  }

  async #cancel(order: AskedOrder): Promise<void> {
    const answer = await this.#untilSettled(`/orders/${order.orderId}/cancel`, `${order.key}-cancel`, undefined);
    if (answer.status === 200) order.cancelled = true;
    else this.complaints.push(`cancelling ${order.orderId}: ${answer.status} ${answer.text}`);
  }

  async #untilSettled(path: string, key: string, body: object | undefined): Promise<Answer> {
    const giveUp = performance.now() + giveUpAfterMs;
    for (let attempts = 0; ;) {
      const answer = await this.#request(path, key, body);
      attempts += answer.attempts;
      if (answer.status !== 202 || performance.now() > giveUp) return { ...answer, attempts };
    }
  }

  #request(path: string, key: string, body: object | undefined): Promise<Answer> {
    return requestUntilAnswered({ method: "POST", url: this.options.url + path, body, key, giveUpAfterMs });
  }

  /** A new user or product; an email address that a lost answer has taken is left behind. */
  async #made(path: string, body: () => object): Promise<{ readonly id: string }> {
    for (let tries = 0; tries < 10; tries++) {
      const { status, text } = await this.#request(path, randomUUID(), body());
      if (status === 201) return JSON.parse(text) as { id: string };
      if (status !== 409) throw new Error(`POST ${path}: ${status} ${text}`);
    }
    throw new Error(`POST ${path}: every email address was taken`);
  }
}
