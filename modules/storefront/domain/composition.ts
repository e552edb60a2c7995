import type { Product } from "../../catalog/contract.js";
import type { Level } from "../../inventory/contract.js";
import type { Overview, OverviewPart, ProductOnSale } from "../contract.js";

/** Puts products and stock together. A product that inventory does not know is sold out; without levels nobody knows. */
export function onSale(products: readonly Product[], levels: readonly Level[] | null): ProductOnSale[] {
  if (levels === null) return products.map((product) => ({ ...product, available: null }));
  const available = new Map(levels.map((level) => [level.productId, level.available]));
  return products.map((product) => ({ ...product, available: available.get(product.id) ?? 0 }));
}

/** An overview that names its missing parts. */
export function overviewOf(parts: Omit<Overview, "unavailable">): Overview {
  const optional: readonly OverviewPart[] = ["orders", "notifications"];
  return { ...parts, unavailable: optional.filter((part) => parts[part] === null) };
}
