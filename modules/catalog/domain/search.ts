import type { Product } from "../contract.js";

/**
 * The text that a search looks in. Folded here and not by the database, whose own folding knows only the letters
 * from A to Z.
 */
export const searchText = ({ name, description }: Pick<Product, "name" | "description">): string =>
  `${name}\n${description}`.toLowerCase();

/** What `searchText` is searched for: the query as it is written, of which no character is a wildcard. */
export const searchTerm = (query: string): string => query.trim().toLowerCase();
