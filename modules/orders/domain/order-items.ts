import { fail } from "pangaea";
import type { Product } from "../../catalog/contract.js";
import type { Money } from "../../payments/contract.js";
import { type OrderItem, type OrderLine, orders } from "../contract.js";

/** One line a product, in the order in which the products were first named. */
export function mergeLines(lines: readonly OrderLine[]): OrderLine[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of lines) quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  return Array.from(quantities, ([productId, quantity]) => ({ productId, quantity }));
}

/** The lines with today's prices. Throws PRODUCT_NOT_FOUND for the first one that the catalogue does not have. */
export function priceLines(lines: readonly OrderLine[], products: readonly Product[]): OrderItem[] {
  const prices = new Map(products.map((product) => [product.id, product.price]));
  return lines.map(({ productId, quantity }) => {
    const price = prices.get(productId);
    if (price === undefined) throw fail(orders.errors.PRODUCT_NOT_FOUND, { productId });
    return { productId, quantity, price };
  });
}

/** What the items cost together. `items` must not be empty; throws MIXED_CURRENCIES. */
export function totalOf(items: readonly OrderItem[]): Money {
  const currency = items[0]!.price.currency;
  if (items.some(({ price }) => price.currency !== currency)) throw fail(orders.errors.MIXED_CURRENCIES);
  return { currency, amount: items.reduce((sum, { price, quantity }) => sum + price.amount * quantity, 0) };
}
