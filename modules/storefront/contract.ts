import { type ClientOf, defineContract, read } from "pangaea";
import { z } from "zod";
import { catalog, Product, ProductQuery } from "../catalog/contract.js";
import { Notification } from "../notifications/contract.js";
import { Order } from "../orders/contract.js";
import { User, users } from "../users/contract.js";

const id = z.string().min(1).max(100);

/** A product as a customer sees it. `available` is null while inventory cannot say. */
export const ProductOnSale = Product.extend({ available: z.int().nullable() });
export type ProductOnSale = z.infer<typeof ProductOnSale>;

/** The parts of an overview that may be missing. */
export const OverviewPart = z.enum(["orders", "notifications"]);
export type OverviewPart = z.infer<typeof OverviewPart>;

/** A user with the latest orders and notifications. A part that failed is null and named in `unavailable`. */
export const Overview = z.object({
  user: User,
  orders: z.array(Order).nullable(),
  notifications: z.array(Notification).nullable(),
  unavailable: z.array(OverviewPart),
});
export type Overview = z.infer<typeof Overview>;

/** One answer out of several services. Has no data of its own. */
export const storefront = defineContract("storefront", 1, {
  errors: {
    USER_NOT_FOUND: users.errors.USER_NOT_FOUND,
    PRODUCT_NOT_FOUND: catalog.errors.PRODUCT_NOT_FOUND,
    INVALID_CURSOR: catalog.errors.INVALID_CURSOR,
  },
  procedures: {
    overview: read({
      summary: "A user with what happened last.",
      input: z.object({ id }),
      output: Overview,
      access: "user",
      http: { route: "GET /users/:id/overview" },
    }),
    products: read({
      summary: "Products by name, with what is available of each.",
      input: ProductQuery,
      output: z.object({ items: z.array(ProductOnSale), nextCursor: z.string().nullable() }),
      access: "public",
      http: { route: "GET /products" },
    }),
    product: read({
      summary: "One product, with what is available of it.",
      input: z.object({ id }),
      output: ProductOnSale,
      access: "public",
      http: { route: "GET /products/:id" },
    }),
  },
});

/** A typed client of storefront. */
export type StorefrontClient = ClientOf<typeof storefront>;
