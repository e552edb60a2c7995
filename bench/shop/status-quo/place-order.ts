import type { SqliteFile } from "../../../src/storage/sqlite-file.js";
import { insertEvent } from "../../../src/storage/framework-rows.js";
import type { Peer } from "./peer.js";
import { Refusal } from "./service.js";
import { commit } from "./store.js";

/** What an order needs on its way, as it stands in its row. */
interface OrderState {
  readonly orderId: string;
  readonly userId: string;
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly amount: { readonly currency: string; readonly amount: number };
  readonly token: string;
}

/** An order on its way. `step` is the next one to run, or to undo. */
export interface Progress {
  readonly state: OrderState;
  readonly requestId: string;
  readonly createdAt: number;
  phase: "forward" | "undo";
  step: number;
}

interface Step {
  readonly name: string;
  run(state: OrderState, trace: { requestId: string }, key: string): Promise<unknown>;
  undo(state: OrderState, trace: { requestId: string }, key: string): Promise<unknown>;
}

export const sagaName = "place-order";
const forwardMs = 60_000;
const confirmed = { name: "confirmed", version: 1, key: (order: { orderId: string }) => order.orderId };

/** Brings pending orders to `confirmed`, or back out to `rejected`. Each step's end is committed before the next begins. */
export class PlaceOrder {
  readonly #file: SqliteFile;
  readonly #steps: readonly Step[];
  readonly #onEvent: () => void;

  constructor(file: SqliteFile, inventory: Peer, payments: Peer, onEvent: () => void) {
    this.#file = file;
    this.#onEvent = onEvent;
    this.#steps = [
      {
        name: "reserve",
        run: ({ orderId, items }, trace, key) => inventory.post(`/reservations/${orderId}`, { items }, trace, key),
        undo: ({ orderId }, trace, key) => inventory.post(`/reservations/${orderId}/release`, {}, trace, key),
      },
      {
        name: "charge",
        run: ({ orderId, userId, amount, token }, trace, key) =>
          payments.post("/charges", { orderId, userId, amount, token }, trace, key),
        undo: ({ orderId }, trace, key) => payments.post(`/charges/${orderId}/refund`, {}, trace, key),
      },
      {
        name: "confirm",
        run: ({ orderId }, trace, key) => inventory.post(`/reservations/${orderId}/confirm`, {}, trace, key),
        undo: ({ orderId }, trace, key) => inventory.post(`/reservations/${orderId}/release`, {}, trace, key),
      },
    ];
  }

  /** Runs an order to its end; resolves with what refused it, if anything did. */
  async run(progress: Progress): Promise<Refusal | undefined> {
    let refusal: Refusal | undefined;
    for (let failures = 0; ;) {
      const step = this.#steps[progress.step];
      if (step === undefined) break;
      try {
        const { state, phase } = progress;
        const trace = { requestId: progress.requestId };
        const key = `${sagaName}/${state.orderId}/${step.name}/${phase}`;
        await (phase === "forward" ? step.run(state, trace, key) : step.undo(state, trace, key));
        const next = progress.step + (phase === "forward" ? 1 : -1);
        // The end of the last step is written down with the end of the order, as Pangaea's sagas do.
        if (phase === "forward" && next === this.#steps.length) progress.step = next;
        else await this.#save(progress, phase, next);
        failures = 0;
      } catch (error) {
        const refused = error instanceof Refusal && error.status < 500;
        if (progress.phase === "forward" && (refused || Date.now() - progress.createdAt > forwardMs)) {
          refusal = refused ? error : new Refusal(503, "UNAVAILABLE", "The order could not be placed in time.");
          await this.#save(progress, "undo", refused ? progress.step - 1 : progress.step);
        } else await new Promise((resolve) => setTimeout(resolve, Math.min(50 * 2 ** failures++, 5_000)));
      }
    }
    await this.#end(progress);
    return refusal;
  }

  async #save(progress: Progress, phase: Progress["phase"], step: number): Promise<void> {
    progress.phase = phase;
    progress.step = step;
    await this.#file.write
      .updateTable("pangaea_saga")
      .set({ phase, step, updated_at: Date.now() })
      .where("name", "=", sagaName)
      .where("id", "=", progress.state.orderId)
      .execute();
  }

  async #end({ state, phase, step, requestId }: Progress): Promise<void> {
    const { orderId, userId } = state;
    const [status, ended] = phase === "forward" ? ["confirmed", "completed"] : ["rejected", "compensated"];
    await commit(this.#file, async (db) => {
      await db
        .updateTable("pangaea_saga")
        .set({ phase: ended, step, updated_at: Date.now() })
        .where("name", "=", sagaName)
        .where("id", "=", orderId)
        .execute();
      await db
        .updateTable("orders")
        .set({ status })
        .where("id", "=", orderId)
        .where("status", "=", "pending")
        .execute();
      const event = { ...confirmed, name: status } as never;
      const origin = { headers: { "x-request-id": requestId }, principal: undefined, createdAt: Date.now() };
      await insertEvent(db, { event, id: crypto.randomUUID(), payload: { orderId, userId }, origin });
    });
    this.#onEvent();
  }
}
