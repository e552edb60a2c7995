import type { CallContext } from "./context.js";
import type { Argument, Contract, Output } from "./contract.js";

export interface CallOptions {
  /** Makes repeats of this call safe: the same key and input give the first reply again, for 24 hours. */
  readonly idempotencyKey?: string;
  /** A shorter deadline than the contract's, in milliseconds. */
  readonly deadlineMs?: number;
}

/** A typed client: one method per procedure, wherever the service runs. */
export type ClientOf<C extends Contract> = {
  readonly [M in keyof C["procedures"]]: (
    input: Argument<C, M>,
    ctx: CallContext,
    options?: CallOptions,
  ) => Promise<Output<C, M>>;
};

/** The injection token of a client: `@inject(clientOf(users)) users: ClientOf<typeof users>`. */
export const clientOf = (contract: Contract): symbol => Symbol.for(`pangaea.client.${contract.name}`);
