import { type Context, isError } from "../../src/core/index.js";
import { catalog } from "../../modules/catalog/contract.js";
import { orders } from "../../modules/orders/contract.js";
import { users } from "../../modules/users/contract.js";
import type { ProcessRuntime } from "../../src/runtime/process-runtime.js";
import type { Random } from "../chaos/random.js";
import type { VirtualTime } from "./virtual-time.js";
import type { World } from "./world.js";

/** An order as its customer knows it: what was asked, and what was told. */
export interface AskedOrder {
  readonly key: string;
  readonly userId: string;
  readonly productId: string;
  readonly quantity: number;
  readonly token: string;
  told: "ok" | "failed" | "unknown";
  /** Of one that failed: the reason. */
  reason?: string | undefined;
  orderId?: string;
  cancelled: boolean;
}

const price = 700;
const stock = 12;

const deadlineMs = 5_000;
/** A call is settled this soon after its deadline, or it never will be. */
const graceMs = 100;
const final = new Set(["PAYMENT_DECLINED", "OUT_OF_STOCK"]);

type Ask<T> = (runtime: ProcessRuntime, ctx: Context) => Promise<T>;
type Told<T> = { readonly output: T } | { readonly reason: string };

/** Customers outside of the system: each asks for one order after the other, again under the same key until it is answered. */
export class Customers {
  readonly orders: AskedOrder[] = [];
  /** What no customer should ever be told. */
  readonly complaints: string[] = [];
  readonly productIds: string[] = [];
  readonly userIds: string[] = [];
  #keys = 0;

  constructor(
    private readonly world: World,
    private readonly time: VirtualTime,
    private readonly random: Random,
    private readonly note: (text: string) => void,
  ) {}

  /** Registers the customers and puts the products on the shelves. */
  async enter(): Promise<void> {
    const made = async (ask: Ask<{ readonly id: string }>) => {
      const told = await this.#persist(ask);
      if (!("output" in told)) throw new Error(`not made: ${told.reason}`);
      return told.output.id;
    };
    const product = { description: "", price: { currency: "EUR", amount: price }, stock };
    for (const name of ["Lamp", "Chair"]) {
      const options = this.#key();
      this.productIds.push(
        await made((at, ctx) => at.client(catalog, "gateway").create({ ...product, name }, ctx, options)),
      );
    }
    for (const name of ["ada", "bob", "cyd"]) {
      const options = this.#key();
      const user = { name, email: `${name}@example.org` };
      this.userIds.push(await made((at, ctx) => at.client(users, "gateway").create(user, ctx, options)));
    }
  }

  /** Each places a few orders. Some have a card that is declined, some are cancelled, some want more than there is. */
  async shop(): Promise<void> {
    await Promise.all(this.userIds.map((userId) => this.#shop(userId)));
  }

  /** Asks again for an order that was answered: the answer must be the same. */
  async again(order: AskedOrder): Promise<void> {
    const told = await this.#place(order);
    const isSame =
      order.told === "ok"
        ? "output" in told && told.output.id === order.orderId
        : !("output" in told) && told.reason === order.reason;
    if (!isSame) this.complaints.push(`a repeat of ${order.key} was answered with ${JSON.stringify(told)}`);
  }

  async #shop(userId: string): Promise<void> {
    const { random } = this;
    for (let left = 1 + random.below(3); left > 0; left--) {
      await this.time.sleep(random.below(600));
      const order: AskedOrder = {
        key: this.#key().idempotencyKey,
        userId,
        productId: random.pick(this.productIds),
        quantity: 1 + random.below(5),
        token: random.pick(["tok_ok", "tok_ok", "tok_ok", "tok_declined", "tok_slow"]),
        told: "unknown",
        cancelled: false,
      };
      this.orders.push(order);
      const told = await this.#place(order);
      if ("output" in told) {
        order.told = "ok";
        order.orderId = told.output.id;
      } else {
        order.told = "failed";
        order.reason = told.reason;
        if (!final.has(told.reason)) this.complaints.push(`order ${order.key}: ${told.reason}`);
      }
      if (order.told === "ok" && random.below(3) === 0) await this.#cancel(order);
    }
  }

  #place({ key, userId, productId, quantity, token }: AskedOrder) {
    const input = { userId, items: [{ productId, quantity }], payment: { token } };
    return this.#persist(
      (at, ctx) => at.client(orders, "gateway").place(input, ctx, { idempotencyKey: key }),
      ({ status }) => status !== "pending",
    );
  }

  async #cancel(order: AskedOrder): Promise<void> {
    const told = await this.#persist(
      (at, ctx) => at.client(orders, "gateway").cancel({ id: order.orderId! }, ctx),
      ({ status }) => status !== "confirmed",
    );
    if ("output" in told && told.output.status === "cancelled") order.cancelled = true;
    else this.complaints.push(`cancelling ${order.key}: ${JSON.stringify(told)}`);
  }

  /** Asks until there is an answer that is not "not now" or "not yet". */
  async #persist<T>(ask: Ask<T>, isFinal: (output: T) => boolean = () => true): Promise<Told<T>> {
    for (;;) {
      const told = await this.#once(ask);
      if (told !== undefined && ("reason" in told || isFinal(told.output))) return told;
      await this.time.sleep(20 + this.random.below(200));
    }
  }

  async #once<T>(ask: Ask<T>): Promise<Told<T> | undefined> {
    const entry = this.world.entry;
    if (entry === undefined) return undefined;
    const { runtime, life } = entry;
    const ctx = runtime.context(deadlineMs);
    const holdsBefore = life.clock.isHeld ? -1 : life.holds;
    const late = Symbol("late");
    try {
      const output = await Promise.race([ask(runtime, ctx), this.time.sleep(deadlineMs + graceMs).then(() => late)]);
      if (output !== late) return { output: output as T };
      // Of a process that is gone, or was held, nobody can expect an answer in time.
      if (life.isAlive && life.holds === holdsBefore) this.complaints.push("a call was not settled by its deadline");
      return undefined;
    } catch (error) {
      if (!life.isAlive) return undefined;
      if (!isError(error)) return { reason: `threw ${String(error)}` };
      this.note(`told ${error.code} ${error.reason ?? ""}: ${error.message}`);
      const isTransient = error.retryable || transient.has(error.code);
      return isTransient ? undefined : { reason: error.reason ?? `${error.code}: ${error.message}` };
    }
  }

  #key(): { readonly idempotencyKey: string } {
    return { idempotencyKey: `key-${++this.#keys}` };
  }
}

const transient = new Set(["unavailable", "deadline_exceeded", "resource_exhausted", "aborted", "canceled", "unknown"]);
