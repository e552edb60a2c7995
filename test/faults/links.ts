import { inject, injectable } from "inversify";
import { z } from "zod";
import {
  type CallContext,
  type ClientOf,
  clientOf,
  defineContract,
  errorOf,
  fail,
  idempotent,
  isError,
  mutation,
  read,
  type ServiceOf,
} from "../../src/index.js";

/** Which request it is. */
const Thing = z.object({ id: z.string() });
type Thing = z.infer<typeof Thing>;
const shape = { input: Thing, output: Thing };
const procedures = { look: read(shape), keep: idempotent(shape), add: mutation(shape) };

/** The end of the chain. */
export const leaf = defineContract("leaf", 1, {
  procedures,
  errors: { UNKNOWN: { code: "unavailable", status: 503, message: "Nobody can say whether it was done." } },
});
const { errors } = leaf;
export const third = defineContract("third", 1, { procedures, errors });
export const second = defineContract("second", 1, { procedures, errors });

const open = { ...shape, access: "public" } as const;

/** Where requests come in. */
export const first = defineContract("first", 1, {
  procedures: {
    look: read({ ...open, http: { route: "GET /things/:id" } }),
    keep: idempotent({ ...open, http: { route: "PUT /things/:id" } }),
    add: mutation({ ...open, http: { route: "POST /things" } }),
  },
  errors,
});

/** A service that only asks the next one, and says it where nobody can know what became of the call. */
export function linkTo(next: typeof second | typeof third | typeof leaf) {
  @injectable()
  class Link implements ServiceOf<typeof third> {
    constructor(@inject(clientOf(next)) readonly next: ClientOf<typeof leaf>) {}

    look(input: Thing, ctx: CallContext) {
      return this.next.look(input, ctx).catch(honestly);
    }
    keep(input: Thing, ctx: CallContext) {
      return this.next.keep(input, ctx).catch(honestly);
    }
    add(input: Thing, ctx: CallContext) {
      return this.next.add(input, ctx).catch(honestly);
    }
  }
  return Link;
}

function honestly(error: unknown): never {
  if (isError(error) && error.outcome === "unknown" && error.code !== "deadline_exceeded") throw fail(errors.UNKNOWN);
  throw isError(error) ? error : errorOf("internal", String(error));
}
