/** A value that JSON can carry unchanged. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const maxDepth = 200;

/** What is wrong with a value that JSON cannot carry, and where. */
export interface JsonFault {
  readonly path: string;
  readonly message: string;
}

/**
 * Finds the first thing in `value` that JSON could not carry to another process (a Date, a Map, NaN, a BigInt, a class
 * instance, a cycle …). Undefined where there is none. Keys whose value is undefined are allowed: they are dropped.
 */
export function findJsonFault(value: unknown, path = "", depth = 0): JsonFault | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : { path, message: `${value} is not a JSON number` };
    case "object":
      break;
    default:
      return { path, message: `a ${typeof value} cannot cross a contract` };
  }
  if (value === null) return undefined;
  if (depth > maxDepth) return { path: "", message: `nested deeper than ${maxDepth} levels, or circular` };
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = findJsonFault(value[i], `${path}[${i}]`, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const name: string = prototype.constructor?.name ?? "class instance";
    const mend = name === "Date" ? "; send toISOString()" : "; send a plain object";
    return { path, message: `an instance of ${name} cannot cross a contract${mend}` };
  }
  for (const key of Object.keys(value)) {
    const child = (value as Record<string, unknown>)[key];
    if (child === undefined) continue;
    const fault = findJsonFault(child, path === "" ? key : `${path}.${key}`, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * How far `value` is from what JSON would make of it: `plain` is exactly that, `loose` has keys without a value, a -0 or
 * an own `__proto__` key, which a copy loses, and `faulty` is what `findJsonFault` has to look at.
 */
export function plainness(value: unknown, depth = 0): "plain" | "loose" | "faulty" {
  if (typeof value === "number") return plainnessOfNumber(value);
  if (typeof value !== "object") return typeof value === "string" || typeof value === "boolean" ? "plain" : "faulty";
  if (value === null) return "plain";
  if (depth > maxDepth) return "faulty";
  let found: "plain" | "loose" = "plain";
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const child: unknown = value[i];
      if (typeof child === "string") continue;
      const inside = plainness(child, depth + 1);
      if (inside === "faulty") return inside;
      if (inside === "loose") found = inside;
    }
    return found;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return "faulty";
  // Inherited keys are none of a plain object's: whoever gives every object one gets a slower check, not a wrong one.
  for (const key in value) {
    const child = (value as Record<string, unknown>)[key];
    if (typeof child === "string" && key !== "__proto__") continue;
    if (child === undefined) {
      found = "loose";
      continue;
    }
    const inside = plainness(child, depth + 1);
    if (inside === "faulty") return inside;
    if (inside === "loose" || key === "__proto__") found = "loose";
  }
  return found;
}

function plainnessOfNumber(value: number): "plain" | "loose" | "faulty" {
  if (!Number.isFinite(value)) return "faulty";
  return Object.is(value, -0) ? "loose" : "plain";
}

/**
 * A copy that shares no object with `value`, exactly as an encode and decode would make it: undefined keys dropped,
 * -0 becomes 0, an own `__proto__` key left out. `value` must be free of faults (see `findJsonFault`).
 */
export function copyJson<T>(value: T): T {
  if (typeof value === "number") return (value === 0 ? 0 : value) as T;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (let i = 0; i < value.length; i++) items.push(copyJson(value[i]));
    return items as T;
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const child = (value as Record<string, unknown>)[key];
    if (child !== undefined && key !== "__proto__") copy[key] = copyJson(child);
  }
  return copy as T;
}

/** JSON text with the keys of every object sorted: equal values give equal text. Used to compare keyed inputs. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, child: unknown) => {
    if (typeof child !== "object" || child === null || Array.isArray(child)) return child;
    const object = child as Record<string, unknown>;
    return Object.fromEntries(
      Object.keys(object)
        .toSorted()
        .map((key) => [key, object[key]]),
    );
  });
}
