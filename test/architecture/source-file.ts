/** The content of a string literal, or of a piece of a template between its `${…}`. */
interface Literal {
  /** Where the content begins, behind the quote. */
  readonly offset: number;
  readonly value: string;
}

export interface Import {
  /** Undefined where it is worked out at run time. */
  readonly specifier: string | undefined;
  /** What stands between `import` and `from`, as written. */
  readonly clause: string;
  readonly offset: number;
}

/** A TypeScript file as the rules read it. */
export interface SourceFile {
  /** From the root of the project, with slashes. */
  readonly path: string;
  readonly text: string;
  /** The text with comments and the contents of literals blanked: every offset stays where it was. */
  readonly code: string;
  readonly literals: readonly Literal[];
  readonly imports: readonly Import[];
}

export const lineAt = (file: Pick<SourceFile, "text">, offset: number): number =>
  file.text.slice(0, offset).split("\n").length;

export function readSource(path: string, text: string): SourceFile {
  const { code, literals } = separate(text);
  return { path, text, code, literals, imports: importsOf(code, literals) };
}

/** Before one of these a slash begins a regular expression; behind anything else it divides. */
const beforeRegex = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|throw|await|yield))\s*$/;

/** What needs no second look. */
const plain = /[^"'`/{}]+/y;

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

/** Tells code from comments and literals, in one pass. Does not know JSX. */
function separate(text: string): { code: string; literals: Literal[] } {
  const literals: Literal[] = [];
  /** For every template whose `${` is open: how many braces stand open inside it. */
  const open: number[] = [];
  let code = "";
  let at = 0;
  const take = (end: number, blanked: boolean) => {
    const part = text.slice(at, end);
    code += blanked ? blank(part) : part;
    at = end;
  };
  const literal = (end: number) => {
    literals.push({ offset: at, value: text.slice(at, end) });
    take(end, true);
  };
  const endOf = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.index ?? text.length;
  };
  const template = () => {
    literal(endOf(/(?<=(?<!\\)(?:\\\\)*)(?:`|\$\{)/g));
    if (text[at] === "$") {
      open.push(0);
      take(at + 2, false);
    } else take(at + 1, false);
  };
  while (at < text.length) {
    plain.lastIndex = at;
    take(at + (plain.exec(text)?.[0].length ?? 0), false);
    const char = text[at];
    if (char === undefined) break;
    if (text.startsWith("//", at)) take(endOf(/\n/g), true);
    else if (text.startsWith("/*", at)) take(Math.min(endOf(/\*\//g) + 2, text.length), true);
    else if (char === '"' || char === "'") {
      take(at + 1, false);
      literal(endOf(char === '"' ? /(?<=(?<!\\)(?:\\\\)*)["\n]/g : /(?<=(?<!\\)(?:\\\\)*)['\n]/g));
      take(at + 1, false);
    } else if (char === "`") {
      take(at + 1, false);
      template();
    } else if (char === "/" && beforeRegex.test(code.slice(-40))) {
      const regex = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//y;
      regex.lastIndex = at;
      const found = regex.exec(text)?.[0];
      take(at + (found?.length ?? 1), found !== undefined);
    } else if (char === "}" && open.at(-1) === 0) {
      open.pop();
      take(at + 1, false);
      template();
    } else {
      if (open.length > 0 && char === "{") open[open.length - 1]!++;
      if (open.length > 0 && char === "}") open[open.length - 1]!--;
      take(at + 1, false);
    }
  }
  return { code, literals };
}

/** Static imports and re-exports, of types too; imports for their effect; `import()` and `require()`. */
function importsOf(code: string, literals: readonly Literal[]): Import[] {
  const valueAt = new Map(literals.map(({ offset, value }) => [offset, value]));
  const found: Import[] = [];
  for (const match of code.matchAll(/(?<![.\w$])(?:import|export)\b([^"'`;()]*?)\bfrom\s*["']/g)) {
    const end = match.index + match[0].length;
    found.push({ specifier: valueAt.get(end), clause: match[1]!.trim(), offset: end });
  }
  for (const match of code.matchAll(/(?<![.\w$])import\s*["']/g)) {
    const end = match.index + match[0].length;
    found.push({ specifier: valueAt.get(end), clause: "", offset: end });
  }
  for (const match of code.matchAll(/(?<![.\w$])(?:import|require|createRequire)\s*\(\s*(["'`]?)/g)) {
    const end = match.index + match[0].length;
    const value = valueAt.get(end);
    // A literal that is only a part of the argument names no file.
    const whole = value !== undefined && /^["'`]\s*[,)]/.test(code.slice(end + value.length)) ? value : undefined;
    found.push({ specifier: whole, clause: "", offset: end });
  }
  return found.toSorted((a, b) => a.offset - b.offset);
}
