import { type ClientOf, defineContract, mutation, read } from "pangaea";
import { z } from "zod";

const id = z.string().min(1).max(100);

/** A price in minor units (cents) of a currency, written as in ISO 4217. */
export const Price = z.object({
  currency: z.string().regex(/^[A-Z]{3}$/),
  amount: z.int().min(0).max(1_000_000_000),
});
export type Price = z.infer<typeof Price>;

/** A product as the catalogue describes it. How many there are is inventory's knowledge. */
export const Product = z.object({ id: z.string(), name: z.string(), description: z.string(), price: Price });
export type Product = z.infer<typeof Product>;

/** What may be asked of a list of products. */
export const ProductQuery = z.object({
  query: z.string().max(200).optional(),
  limit: z.int().min(1).max(100).default(20),
  cursor: z.string().max(1_000).optional(),
});

/** What the shop sells, and for how much. */
export const catalog = defineContract("catalog", 1, {
  errors: {
    PRODUCT_NOT_FOUND: {
      code: "not_found",
      message: "There is no such product.",
      details: z.object({ productId: z.string() }),
    },
    INVALID_CURSOR: { code: "invalid_argument", message: "This cursor is not one that a list of products gave." },
  },
  procedures: {
    create: mutation({
      summary: "Adds a product and sets its stock before it answers.",
      input: z.object({
        name: z.string().min(1).max(200),
        description: z.string().max(2_000),
        price: Price,
        stock: z.int().min(0).max(1_000_000_000),
      }),
      output: Product.extend({ available: z.int() }),
      access: "public",
      http: { route: "POST /products", status: 201, idempotencyKey: "optional" },
    }),
    get: read({ summary: "One product.", input: z.object({ id }), output: Product }),
    getMany: read({
      summary: "Products by id; unknown ones are left out.",
      input: z.object({ ids: z.array(id).max(100) }),
      output: z.object({ products: z.array(Product) }),
    }),
    list: read({
      summary: "Products by name; `query` is looked for in name and description, in any letter case.",
      input: ProductQuery,
      output: z.object({ items: z.array(Product), nextCursor: z.string().nullable() }),
    }),
  },
});

/** A typed client of catalog. */
export type CatalogClient = ClientOf<typeof catalog>;
