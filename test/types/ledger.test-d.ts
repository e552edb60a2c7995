import { defineContract, event, idempotent, mutation, read } from "pangaea";
import { z } from "zod";

/** A contract with one of everything, for the expectations beside it. */
export const ledger = defineContract("ledger", 1, {
  errors: {
    CLOSED: {
      code: "failed_precondition",
      details: z.object({ since: z.string(), strict: z.boolean().default(true) }),
    },
    EMPTY: { code: "not_found" },
  },
  procedures: {
    post: mutation({
      input: z.object({ amount: z.int(), currency: z.string().default("EUR") }),
      output: z.object({ id: z.string(), balance: z.int().default(0) }),
    }),
    get: read({ input: z.object({ id: z.string() }), output: z.object({ amount: z.int() }) }),
    close: idempotent({ input: z.object({}), output: z.object({}) }),
  },
  events: {
    posted: event({ payload: z.object({ id: z.string() }), key: ({ id }) => id, delivery: "at-least-once" }),
  },
});

/** A neighbour that the saga of the expectations does not require. */
export const vault = defineContract("vault", 1, {
  procedures: { lock: idempotent({ input: z.object({}), output: z.object({}) }) },
});
