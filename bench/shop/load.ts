import { Pool } from "undici";

/** What a load saw. Latencies in milliseconds, from the moment a request was due until its answer was read. */
interface Seen {
  /** From the first request until the last answer. */
  readonly seconds: number;
  readonly orders: readonly number[];
  readonly reads: readonly number[];
  readonly failed: number;
}

/** A customer and a product with enough stock, made before the load begins. */
interface Goods {
  readonly userIds: readonly string[];
  readonly productIds: readonly string[];
}

/** More than this many requests on their way at once is a shop that cannot keep up: the next ones count as failed. */
const maxPending = 1_000;

/** Sends orders and product reads, one for one, to a shop's gateway. */
export class Load {
  readonly #pool: Pool;
  #sent = 0;

  private constructor(
    url: string,
    private readonly goods: Goods,
  ) {
    this.#pool = new Pool(url, { connections: 128 });
  }

  /** Registers customers and products, and is then ready to buy. */
  static async on(url: string): Promise<Load> {
    const make = async (path: string, body: object): Promise<string> => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
      const text = await response.text();
      if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
      return (JSON.parse(text) as { id: string }).id;
    };
    const userIds: string[] = [];
    const productIds: string[] = [];
    for (let i = 0; i < 10; i++) {
      userIds.push(await make("/users", { name: `Customer ${i}`, email: `customer-${i}@example.org` }));
      const price = { currency: "EUR", amount: 100 + i };
      const description = "Bought again and again, to see how much of a machine that takes.";
      productIds.push(await make("/products", { name: `Product ${i}`, description, price, stock: 100_000_000 }));
    }
    return new Load(url, { userIds, productIds });
  }

  /** So many requests, a few at once. */
  async count(requests: number, customers: number): Promise<void> {
    const seen = new Notes();
    let left = requests;
    const one = async () => {
      while (left-- > 0) await this.#send(performance.now(), seen);
    };
    await Promise.all(Array.from({ length: customers }, one));
  }

  /** So many customers at once, each asking again as soon as it is answered. */
  async closed(customers: number, seconds: number): Promise<Seen> {
    const seen = new Notes();
    const end = performance.now() + seconds * 1000;
    const one = async () => {
      while (performance.now() < end) await this.#send(performance.now(), seen);
    };
    await Promise.all(Array.from({ length: customers }, one));
    return seen.take();
  }

  /** So many requests a second at even distances, however slowly they are answered. */
  async open(perSecond: number, seconds: number): Promise<Seen> {
    const seen = new Notes();
    const start = performance.now();
    const count = Math.floor(perSecond * seconds);
    const pending = new Set<Promise<void>>();
    for (let i = 0; i < count;) {
      const due = start + (i * 1000) / perSecond;
      if (due > performance.now()) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      i++;
      if (pending.size >= maxPending) {
        seen.failed++;
        continue;
      }
      const sent: Promise<void> = this.#send(due, seen).finally(() => pending.delete(sent));
      pending.add(sent);
    }
    await Promise.all(pending);
    return seen.take();
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #send(due: number, seen: Notes): Promise<void> {
    const number = this.#sent++;
    const { userIds, productIds } = this.goods;
    const productId = productIds[(number >> 1) % productIds.length]!;
    const isOrder = number % 2 === 0;
    try {
      const { statusCode, body } = isOrder
        ? await this.#pool.request({
            method: "POST",
            path: "/orders",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({
              userId: userIds[(number >> 1) % userIds.length],
              items: [{ productId, quantity: 1 }],
              payment: { token: "tok_ok" },
            }),
          })
        : await this.#pool.request({ method: "GET", path: `/products/${productId}` });
      await body.text();
      if (statusCode === (isOrder ? 201 : 200)) (isOrder ? seen.orders : seen.reads).push(performance.now() - due);
      else seen.failed++;
    } catch {
      seen.failed++;
    }
  }
}

/** A `Seen` that is being written. */
class Notes {
  readonly orders: number[] = [];
  readonly reads: number[] = [];
  failed = 0;
  readonly #start = performance.now();

  take(): Seen {
    const seconds = (performance.now() - this.#start) / 1000;
    return { seconds, orders: this.orders, reads: this.reads, failed: this.failed };
  }
}
