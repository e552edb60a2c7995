import { z } from "zod";
import { defineContract, read } from "../../../../src/index.js";

export const product = defineContract("product", 1, {
  procedures: {
    get: read({
      input: z.object({ id: z.string(), reviews: z.int(), paceMs: z.number() }),
      output: z.object({
        id: z.string(),
        name: z.string(),
        description: z.string(),
        price: z.object({ currency: z.string(), amount: z.int() }),
        available: z.int(),
        tags: z.array(z.string()),
        reviews: z.array(z.object({ author: z.string(), stars: z.int(), text: z.string() })),
      }),
      access: "public",
      // A machine that stalls for seconds must spoil a round, not a run.
      deadlineMs: 60_000,
      http: { route: "GET /products/:id" },
    }),
  },
});
