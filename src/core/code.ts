/**
 * The closed set of canonical error codes (gRPC's names), each with its HTTP status (the Connect protocol's mapping)
 * and whether a later attempt may succeed. One table, so that no two places disagree.
 */
export const codes = {
  canceled: { http: 499, transient: false },
  unknown: { http: 500, transient: false },
  invalid_argument: { http: 400, transient: false },
  deadline_exceeded: { http: 504, transient: true },
  not_found: { http: 404, transient: false },
  already_exists: { http: 409, transient: false },
  permission_denied: { http: 403, transient: false },
  resource_exhausted: { http: 429, transient: true },
  failed_precondition: { http: 400, transient: false },
  aborted: { http: 409, transient: true },
  out_of_range: { http: 400, transient: false },
  unimplemented: { http: 501, transient: false },
  internal: { http: 500, transient: false },
  unavailable: { http: 503, transient: true },
  data_loss: { http: 500, transient: false },
  unauthenticated: { http: 401, transient: false },
} as const satisfies Record<string, { http: number; transient: boolean }>;

export type Code = keyof typeof codes;

/** Whether `value` is one of the sixteen codes. */
export const isCode = (value: unknown): value is Code => typeof value === "string" && Object.hasOwn(codes, value);

/** Codes that say something of the system; the others are answers to what was asked. */
const faults: ReadonlySet<string> = new Set<Code>([
  "unknown",
  "deadline_exceeded",
  "resource_exhausted",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
]);

/** Whether a code says something of the system, and not of what was asked. */
export const isFault = (code: string): boolean => faults.has(code);
