import {
  type CallContext,
  defineModule,
  defineSaga,
  type Events,
  type Input,
  type Output,
  type ServiceOf,
  type Tx,
  when,
} from "pangaea";
import { z } from "zod";
import { ledger, vault } from "./ledger.test-d.js";

export class Ledger implements ServiceOf<typeof ledger> {
  async post({ amount, currency }: Input<typeof ledger, "post">) {
    // A handler has the defaults that its callers left out, and may leave out those of its answer.
    const text: string = currency;
    return { id: `${text}${amount}` };
  }
  async get(_input: Input<typeof ledger, "get">, ctx: CallContext) {
    return { amount: ctx.remainingMs() };
  }
  async close() {
    return {};
  }
  async record(id: string): Promise<string> {
    return id;
  }
}

// @ts-expect-error TS2420: a procedure is missing
export class Incomplete implements ServiceOf<typeof ledger> {
  post = (): Promise<{ id: string }> => Promise.resolve({ id: "1" });
  get = (): Promise<{ amount: number }> => Promise.resolve({ amount: 1 });
}

export class WrongOutput implements Pick<ServiceOf<typeof ledger>, "get"> {
  // @ts-expect-error TS2416: an amount is a number
  async get() {
    return { amount: "1" };
  }
}

export class WrongInput implements Pick<ServiceOf<typeof ledger>, "get"> {
  // @ts-expect-error TS2416: an id is text
  async get({ id }: { id: number }) {
    return { amount: id };
  }
}

export class NotAsync implements Pick<ServiceOf<typeof ledger>, "close"> {
  // @ts-expect-error TS2416: an answer may take its time, always
  close() {
    return {};
  }
}

// @ts-expect-error TS2741: whoever reads an answer gets its defaults, so they are there
export const answer: Output<typeof ledger, "post"> = identity<Output<typeof ledger, "post">>({ id: "1" });
function identity<T>(value: T): T {
  return value;
}

export const modules = [
  defineModule({ contract: ledger, service: Ledger }),
  // @ts-expect-error TS2322: a class that serves another contract
  defineModule({ contract: vault, service: Ledger }),
  // @ts-expect-error TS2322: what is required is a contract, not its name
  defineModule({ contract: ledger, service: Ledger, requires: ["vault"] }),
];

export function emitting(tx: Tx, events: Events): void {
  tx.emit(ledger.events.posted, { id: "1" });
  // @ts-expect-error TS2322: an id is text
  tx.emit(ledger.events.posted, { id: 1 });
  // @ts-expect-error TS2741: a payload without its id
  tx.emit(ledger.events.posted, {});
  // @ts-expect-error TS2339: there is no such event
  tx.emit(ledger.events.closed, { id: "1" });
  // @ts-expect-error TS2322: an id is text, also where nobody confirms
  events.publish(ledger.events.posted, { id: 1 });
}

export const subscriptions = [
  when(ledger.events.posted, Ledger, (service, { id }) => service.record(id)),
  // @ts-expect-error TS2339: the payload has no such field
  when(ledger.events.posted, Ledger, (service, { amount }) => service.record(amount)),
  // @ts-expect-error TS2345: what is handled is the payload, not the event's id
  when(ledger.events.posted, Ledger, (service, payload) => service.record(payload)),
  // @ts-expect-error TS2339: the service has no such method
  when(ledger.events.posted, Ledger, (service, { id }) => service.forget(id)),
  // @ts-expect-error TS2322: a reaction is waited for, because its end is the confirmation
  when(ledger.events.posted, Ledger, (_service, { id }) => id),
];

const State = z.object({ amount: z.int(), id: z.string().optional() });
const begin = defineSaga("move-money", 1, State).requiring({ ledger });

export const saga = begin
  .step("post", {
    run: ({ amount }, clients, ctx) => clients.ledger.post({ amount }, ctx),
    keep: ({ id }) => ({ id }),
    undo: (_state, clients, ctx) => clients.ledger.close({}, ctx),
  })
  .onCompleted(Ledger, (service, tx, { id }) => {
    tx.emit(ledger.events.posted, { id: id ?? "" });
    return service.record(id ?? "");
  });

export const wrongSagas = [
  begin.step("lock", {
    // @ts-expect-error TS2339: a contract that the saga does not require
    run: (_state, clients, ctx) => clients.vault.lock({}, ctx),
  }),
  begin.step("post", {
    // @ts-expect-error TS2322: a step calls as its contract says
    run: ({ amount }, clients, ctx) => clients.ledger.post({ amount: `${amount}` }, ctx),
  }),
  begin.step("post", {
    // @ts-expect-error TS2339: the state has no such field
    run: ({ total }, clients, ctx) => clients.ledger.post({ amount: total }, ctx),
  }),
  begin.step("post", {
    run: ({ amount }, clients, ctx) => clients.ledger.post({ amount }, ctx),
    // @ts-expect-error TS2322: what is kept belongs into the state
    keep: ({ balance }) => ({ amount: `${balance}` }),
  }),
  // @ts-expect-error TS2339: the state at the end has no such field
  begin.onCompleted(Ledger, (service, _tx, { total }) => service.record(total)),
];

export function starting(tx: Tx): void {
  tx.start(saga, "1", { amount: 1 });
  // @ts-expect-error TS2322: an amount is a number
  tx.start(saga, "1", { amount: "1" });
}
