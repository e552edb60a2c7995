import { inject, injectable } from "inversify";
import { type CallContext, Clock, fail, type Input, type Output, type ServiceOf, sleep, Work } from "pangaea";
import { type Payment, payments } from "./contract.js";
import { verdictOf } from "./domain/card-processor.js";
import { refunding } from "./domain/payment-status.js";
import { PaymentsRepository } from "./payments-repository.js";

/** Takes and gives back money, each once an order. */
@injectable()
export class PaymentsService implements ServiceOf<typeof payments> {
  constructor(
    @inject(PaymentsRepository) private readonly repository: PaymentsRepository,
    @inject(Work) private readonly work: Work,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async charge(input: Input<typeof payments, "charge">, ctx: CallContext): Promise<Payment> {
    const { orderId, userId, amount, token } = input;
    const verdict = verdictOf(token);
    // The processor is asked before the commit: a transaction waits for nobody. A repeat need not ask again.
    if (verdict.delayMs > 0 && (await this.repository.find(orderId)) === undefined) {
      await sleep(this.clock, verdict.delayMs, ctx.signal);
      ctx.signal.throwIfAborted();
    }
    return this.work.commit(ctx, async (tx) => {
      const status = await this.repository.status(tx, orderId);
      if (status === "captured") return { orderId, status, amount };
      if (status !== undefined) throw fail(payments.errors.PAYMENT_CLOSED);
      if (!verdict.approved) throw fail(payments.errors.PAYMENT_DECLINED, undefined, verdict.message);
      await this.repository.capture(tx, orderId, userId, amount, this.#now());
      return { orderId, status: "captured", amount };
    });
  }

  refund({ orderId }: Input<typeof payments, "refund">, ctx: CallContext): Promise<Output<typeof payments, "refund">> {
    return this.work.commit(ctx, async (tx) => {
      const before = await this.repository.status(tx, orderId);
      const status = refunding(before);
      if (status !== before) await this.repository.close(tx, orderId, status, this.#now());
      return { orderId, status };
    });
  }

  async get({ orderId }: Input<typeof payments, "get">): Promise<Payment> {
    const payment = await this.repository.find(orderId);
    if (payment === undefined) throw fail(payments.errors.PAYMENT_NOT_FOUND);
    return payment;
  }

  #now(): string {
    return new Date(this.clock.wallTime()).toISOString();
  }
}
