import type { Product } from "../contract.js";

/**
 * The text that a search looks in. Folded here and not by the database, whose own folding knows only the letters
 * from A to Z.
 */
export const searchText = ({ name, description }: Pick<Product, "name" | "description">): string =>
  `${name}\n${description}`.toLowerCase();

/** A LIKE pattern, with `\` as escape, for text that contains `query` as it is written. */
export const searchPattern = (query: string): string =>
  `%${query
    .trim()
    .toLowerCase()
    .replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
