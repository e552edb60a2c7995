import { defineSaga } from "pangaea";
import { z } from "zod";
import { inventory } from "../../inventory/contract.js";

/** Tells inventory how many pieces of a new product there are. Its id is the product's. */
export const stockProduct = defineSaga("stock-product", 1, z.object({ productId: z.string(), quantity: z.int() }))
  .requiring({ inventory })
  .step("set", {
    run: (state, clients, ctx) => clients.inventory.set(state, ctx),
  });
