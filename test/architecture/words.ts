import type { SourceFile } from "./source-file.js";

/** A word of a file with where it stands. */
export interface Word {
  readonly word: string;
  readonly offset: number;
}

const identifier = /[A-Za-z_$][\w$]*/g;
const hump = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g;

/** `redisUrl` and `REDIS_URL` are `redis`, `url`. */
const humpsOf = ({ word, offset }: Word): Word[] =>
  [...word.matchAll(hump)].map((match) => ({ word: match[0].toLowerCase(), offset: offset + match.index }));

/** Every identifier of the code, as written. */
export const identifiersOf = (file: SourceFile): Word[] =>
  [...file.code.matchAll(identifier)].map((match) => ({ word: match[0], offset: match.index }));

/** The parts of every identifier of the code, in lower case. */
export const codeWordsOf = (file: SourceFile): Word[] => identifiersOf(file).flatMap(humpsOf);

/** The parts of every word that stands in a literal, in lower case. */
export const literalWordsOf = (file: SourceFile): Word[] =>
  file.literals.flatMap(({ value, offset }) =>
    [...value.matchAll(identifier)].flatMap((match) => humpsOf({ word: match[0], offset: offset + match.index })),
  );

/** Good enough for the names of tables and folders: `categories` → `category`, `addresses` → `address`. */
export function singularOf(word: string): string {
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (/(?:ss|sh|ch|x)es$/.test(word)) return word.replace(/es$/, "");
  return word.replace(/(?<!s)s$/, "");
}
