import { z } from "zod";
import {
  type BreakerSettings,
  type BulkheadSettings,
  type Resilience,
  type RetrySettings,
  type ServiceResilience,
  usualResilience,
} from "../core/resilience.js";

const between = (from: number, to: number, what: string) =>
  z
    .int({ error: () => `give ${what} as a whole number from ${from} to ${to}` })
    .min(from, { error: () => `give ${what} as a whole number from ${from} to ${to}` })
    .max(to, { error: () => `give ${what} as a whole number from ${from} to ${to}` });
const number = (from: number, to: number, what: string) =>
  z.number({ error: () => `give ${what} from ${from} to ${to}` }).refine((value) => value >= from && value <= to, {
    error: () => `give ${what} from ${from} to ${to}`,
  });
/** A length; none may be so long that nobody would see its end. */
const ms = (from = 1) => between(from, 300_000, "milliseconds");
const off = z.literal(false);

const retry = z.strictObject({
  attempts: between(1, 10, "attempts").optional(),
  backoffMs: ms().optional(),
  maxBackoffMs: ms().optional(),
  budgetRatio: number(0, 1, "a share").optional(),
  budgetPerSecond: number(0, 100, "retries a second").optional(),
});
const breaker = z.strictObject({
  failureRatio: number(0.01, 1, "a share").optional(),
  minCalls: between(1, 100_000, "calls").optional(),
  windowMs: ms(100).optional(),
  openMs: ms().optional(),
});
const places = (from: number) => between(from, 100_000, "calls");
const bulkhead = z.strictObject({ concurrent: places(1).optional(), queue: places(0).optional() });

/** How calls to a service are protected, as a topology writes it; `false` switches a layer off. */
const service = z.strictObject({
  retry: z.union([off, retry]).optional(),
  breaker: z.union([off, breaker]).optional(),
  bulkhead: z.union([off, bulkhead]).optional(),
  timeoutMs: ms().optional(),
  hedge: z.union([off, z.strictObject({ afterMs: ms() })]).optional(),
});

const shedding = z.strictObject({
  minConcurrent: places(1).optional(),
  maxConcurrent: places(1).optional(),
  queue: places(0).optional(),
  maxWaitMs: ms().optional(),
  loopDelayMs: ms().optional(),
});

const loop = z.strictObject({ blockedMs: ms(100).optional(), exitMs: ms(100).optional() });

/** The topology's key `resilience`: settings of the process, and of services by name or `default`. */
export const resilienceKeys = z
  .object({ shedding: z.union([off, shedding]).optional(), loop: loop.optional() })
  .catchall(service)
  .default({});

type Written = z.output<typeof service>;

/** What is written, over what holds otherwise; `false` switches off, a group over nothing takes what is usual. */
const over = <T extends object>(
  written: { readonly [K in keyof T]?: T[K] | undefined } | false | undefined,
  otherwise: T | undefined,
  usual: T,
): T | undefined => {
  if (written === undefined) return otherwise;
  return written === false ? undefined : { ...(otherwise ?? usual), ...written };
};

function serviceOver(written: Written, otherwise: ServiceResilience): ServiceResilience {
  const usual = usualResilience.default;
  return {
    retry: over<RetrySettings>(written.retry, otherwise.retry, usual.retry!),
    breaker: over<BreakerSettings>(written.breaker, otherwise.breaker, usual.breaker!),
    bulkhead: over<BulkheadSettings>(written.bulkhead, otherwise.bulkhead, usual.bulkhead!),
    timeoutMs: written.timeoutMs ?? otherwise.timeoutMs,
    hedge: written.hedge === false ? undefined : (written.hedge ?? otherwise.hedge),
  };
}

/** All settings of a system, with what is usual wherever nothing is written. */
export function resilienceOf(written: z.output<typeof resilienceKeys>): Resilience {
  const {
    default: common = {},
    shedding,
    loop,
    ...services
  } = written as Omit<typeof written, "default"> & Record<string, Written>;
  const ofDefault = serviceOver(common, usualResilience.default);
  return {
    default: ofDefault,
    services: new Map(
      Object.entries(services as Record<string, Written>).map(([name, own]) => [name, serviceOver(own, ofDefault)]),
    ),
    shedding: over(
      shedding as z.output<typeof resilienceKeys>["shedding"],
      usualResilience.shedding,
      usualResilience.shedding!,
    ),
    loop: { ...usualResilience.loop, ...(loop as z.output<typeof resilienceKeys>["loop"]) },
  };
}
