import type { Instance } from "../core/registry.js";

/** What an instance says of itself at each heartbeat. */
export interface LiveRecord {
  readonly instance: Instance;
  /** Another one at each heartbeat. */
  readonly beat: string;
  /** By how much its event loop was late since the last one. Milliseconds. */
  readonly lagMs: number;
}

/** `closed`: it has left, which is more than being silent. */
export type InstanceRecord = LiveRecord | { readonly closed: true };

/** An instance as text. */
export const recordText = (record: InstanceRecord): string => JSON.stringify(record);

const maxRecordLength = 64 * 1024;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isWeight = (value: unknown): boolean => typeof value === "number" && value > 0 && Number.isFinite(value);
const allAre = (value: unknown, type: "string" | "number"): boolean =>
  isObject(value) && Object.values(value).every((one) => typeof one === type);
const isMissingOr = (value: unknown, type: string): boolean => value === undefined || typeof value === type;

function isInstance(value: unknown): value is Instance {
  if (!isObject(value)) return false;
  const { id, process, services, accepts = {}, addresses, weight, zone, isDraining } = value;
  return (
    typeof id === "string" &&
    typeof process === "string" &&
    allAre(services, "number") &&
    allAre(accepts, "number") &&
    allAre(addresses, "string") &&
    isWeight(weight) &&
    isMissingOr(zone, "string") &&
    isMissingOr(isDraining, "boolean")
  );
}

/** Reads what stands under `id`; throws an Error that says what is wrong with it. Whoever wrote it may have been anybody. */
export function readRecord(id: string, text: string): InstanceRecord {
  if (text.length > maxRecordLength) throw new Error("it is too long");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("it is no JSON");
  }
  if (!isObject(value)) throw new Error("it is no object");
  if (value.closed === true) return { closed: true };
  const { instance, beat, lagMs } = value;
  if (!isInstance(instance)) throw new Error("it describes no instance");
  if (instance.id !== id) throw new Error("it is another instance's");
  if (typeof beat !== "string" || typeof lagMs !== "number") throw new Error("it has no heartbeat");
  // What only an observer can say is not taken from others.
  const { isSuspect: _, ...said } = instance;
  return { instance: said, beat, lagMs };
}
