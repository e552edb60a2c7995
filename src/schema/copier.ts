import { type Copier, refused, zodCopierOf } from "./compiled-zod.js";
import { type Definition, definitionOf } from "./json-subset.js";

/** The text of a function that is being written, and what it refers to. */
class Source {
  readonly lines: string[] = [];
  readonly constants: unknown[] = [refused];
  /** The schemas around the one being written: one that contains itself ends there. */
  readonly around: unknown[] = [];
  #variables = 0;

  variable(): string {
    return `v${this.#variables++}`;
  }

  constant(value: unknown): string {
    this.constants.push(value);
    return `c${this.constants.length - 1}`;
  }

  /** Refuses the value unless `condition` holds. */
  expect(condition: string): void {
    this.lines.push(`if (!(${condition})) return c0;`);
  }
}

/**
 * One function, written for a schema, that checks a value and copies it in one go. What it has no words for (formats,
 * unions, refinements) it leaves to zod, and whatever is not exactly as the schema says, unknown keys too, it refuses: the
 * careful validator then has the last word and the message.
 */
export function copierOf(schema: unknown): Copier {
  const source = new Source();
  const copy = write(schema, "value", source);
  const names = source.constants.map((_constant, index) => `c${index}`);
  const body = ["if (value === undefined) return c0;", ...source.lines, `return ${copy};`].join("\n");
  try {
    // eslint-disable-next-line no-implied-eval, typescript/no-implied-eval
    const make = new Function(...names, `return (value) => {\n${body}\n};`) as (...constants: unknown[]) => Copier;
    return make(...source.constants);
  } catch {
    // A process that allows no code to be made from text (--disallow-code-generation-from-strings).
    return zodCopierOf(schema);
  }
}

/** Writes what checks the variable `value`; gives back the expression of its copy. */
function write(schema: unknown, value: string, source: Source): string {
  const definition = definitionOf(schema);
  const writer = definition === undefined || source.around.includes(schema) ? undefined : writers[definition.type];
  if (writer === undefined) return writeZod(schema, value, source);
  source.around.push(schema);
  const before = source.lines.length;
  const copy = writer(definition!, value, source);
  source.around.pop();
  if (copy !== undefined) return copy;
  source.lines.length = before;
  return writeZod(schema, value, source);
}

function writeZod(schema: unknown, value: string, source: Source): string {
  const copy = source.variable();
  source.lines.push(`const ${copy} = ${source.constant(zodCopierOf(schema))}(${value});`);
  source.expect(`${copy} !== c0`);
  return copy;
}

/** Each gives back undefined for what it has no words for. */
type Writer = (definition: Definition, value: string, source: Source) => string | undefined;

const writers: Readonly<Record<string, Writer>> = {
  string(definition, value, source) {
    const conditions = conditionsOf(definition, `${value}.length`);
    if (conditions === undefined) return undefined;
    source.expect([`typeof ${value} === "string"`, ...conditions].join(" && "));
    return value;
  },
  number(definition, value, source) {
    const conditions = conditionsOf(definition, value);
    if (conditions === undefined) return undefined;
    source.expect([`Number.isFinite(${value})`, ...conditions].join(" && "));
    // JSON has no -0.
    return `(${value} + 0)`;
  },
  boolean(definition, value, source) {
    if (definition.checks !== undefined) return undefined;
    source.expect(`typeof ${value} === "boolean"`);
    return value;
  },
  null(_definition, value, source) {
    source.expect(`${value} === null`);
    return value;
  },
  literal: ({ values }, value, source) => writeChoice(values as unknown[], value, source),
  enum: ({ entries }, value, source) => writeChoice(Object.values(entries as object), value, source),
  nullable({ innerType }, value, source) {
    const copy = source.variable();
    source.lines.push(`let ${copy} = null;`, `if (${value} !== null) {`);
    source.lines.push(`${copy} = ${write(innerType, value, source)};`, "}");
    return copy;
  },
  array(definition, value, source) {
    const conditions = conditionsOf(definition, `${value}.length`);
    if (conditions === undefined) return undefined;
    source.expect([`Array.isArray(${value})`, ...conditions].join(" && "));
    const [copy, index, item] = [source.variable(), source.variable(), source.variable()];
    // As large as it has to be, at once.
    source.lines.push(`const ${copy} = ${value}.length === 0 ? [] : [...${value}];`);
    source.lines.push(`for (let ${index} = 0; ${index} < ${copy}.length; ${index}++) {`);
    source.lines.push(`const ${item} = ${copy}[${index}];`);
    source.expect(`${item} !== undefined`);
    const expression = write(definition.element, item, source);
    source.lines.push(expression === item ? "}" : `${copy}[${index}] = ${expression}; }`);
    return copy;
  },
  object: writeObject,
};

function writeObject({ shape, catchall, checks }: Definition, value: string, source: Source): string | undefined {
  const fields = Object.entries(shape as Record<string, unknown>);
  if (catchall !== undefined || checks !== undefined || fields.some(([key]) => key in Object.prototype))
    return undefined;
  const [prototype, count, present, copy] = [1, 2, 3, 4].map(() => source.variable());
  source.expect(`typeof ${value} === "object" && ${value} !== null`);
  source.lines.push(`const ${prototype} = Object.getPrototypeOf(${value});`);
  source.expect(`${prototype} === Object.prototype || ${prototype} === null`);
  source.lines.push(`let ${count} = 0;`, `for (const key in ${value}) ${count}++;`);
  const optional = fields.map(([, field]) => definitionOf(field)?.type === "optional");
  const always = optional.includes(true) ? optional.indexOf(true) : fields.length;
  source.lines.push(`let ${present} = ${optional.filter((is) => !is).length};`);

  const copies: string[] = [];
  const later: string[] = [];
  for (const [index, [key, field]] of fields.entries()) {
    const name = JSON.stringify(key);
    const item = source.variable();
    source.lines.push(`const ${item} = ${value}[${name}];`);
    if (optional[index] === true) {
      const own = source.variable();
      source.lines.push(`let ${own};`, `if (${item} !== undefined) {`, `${present}++;`);
      source.lines.push(`${own} = ${write(definitionOf(field)!.innerType, item, source)};`, "}");
      later.push(`if (${own} !== undefined) ${copy}[${name}] = ${own};`);
      continue;
    }
    source.expect(`${item} !== undefined`);
    const expression = write(field, item, source);
    if (index < always) copies.push(`${name}: ${expression}`);
    else later.push(`${copy}[${name}] = ${expression};`);
  }
  // Something that the schema does not know, or a key without a value.
  source.expect(`${count} === ${present}`);
  source.lines.push(`const ${copy} = { ${copies.join(", ")} };`, ...later);
  return copy;
}

function writeChoice(values: readonly unknown[], value: string, source: Source): string | undefined {
  if (!values.every((each) => typeof each === "string" || typeof each === "boolean" || each === null)) return undefined;
  if (values.length > 8) source.expect(`${source.constant(new Set(values))}.has(${value})`);
  else source.expect(values.map((each) => `${value} === ${JSON.stringify(each)}`).join(" || ") || "false");
  return value;
}

/** The checks of a schema as conditions; undefined where one of them is not known here. */
function conditionsOf(definition: Definition, measured: string): string[] | undefined {
  const checks = [definition, ...((definition.checks as unknown[] | undefined) ?? []).map(definitionOf)];
  const conditions: string[] = [];
  for (const check of checks) {
    if (check === undefined) return undefined;
    if (check.check === undefined) continue;
    const condition = conditionOf(check, measured);
    if (condition === undefined) return undefined;
    conditions.push(condition);
  }
  return conditions;
}

function conditionOf(check: Definition, measured: string): string | undefined {
  switch (check.check) {
    case "min_length":
      return `${measured} >= ${Number(check.minimum)}`;
    case "max_length":
      return `${measured} <= ${Number(check.maximum)}`;
    case "length_equals":
      return `${measured} === ${Number(check.length)}`;
    case "greater_than":
      return `${measured} ${check.inclusive === true ? ">=" : ">"} ${Number(check.value)}`;
    case "less_than":
      return `${measured} ${check.inclusive === true ? "<=" : "<"} ${Number(check.value)}`;
    case "number_format":
      return check.format === "safeint" ? `Number.isSafeInteger(${measured})` : undefined;
    default:
      return undefined;
  }
}
