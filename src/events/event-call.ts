import { Cancellation } from "../core/cancellation.js";
import type { Call } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { type Principal, rootContext } from "../core/context.js";

/** How long a subscriber may take over one event. */
const deliveryDeadlineMs = 5_000;

/** An event as it is stored. */
interface StoredEvent {
  readonly key: string;
  readonly version: number;
  readonly payload: string;
  readonly headers: string;
  readonly principal: string | null;
}

export interface Delivery {
  readonly event: StoredEvent;
  readonly id: string;
  readonly producer: string;
  readonly method: string;
  readonly subscriber: string;
  readonly clock: Clock;
  readonly cancellation: Cancellation;
  readonly position?: number;
  readonly floor?: number;
}

/** A stored event as the call that brings it to a subscriber. */
export function eventCall({
  event,
  id,
  producer,
  method,
  subscriber,
  clock,
  cancellation,
  position,
  floor,
}: Delivery): Call {
  const { key, version, payload, headers, principal } = event;
  return {
    kind: "event",
    service: subscriber,
    version,
    method,
    input: JSON.parse(payload),
    effect: "idempotent",
    attempt: 1,
    caller: producer,
    context: rootContext(clock, deliveryDeadlineMs, {
      headers: JSON.parse(headers) as Record<string, string>,
      principal: principal === null ? undefined : (JSON.parse(principal) as Principal),
      event: { id, key, method, position, floor },
      cancellation: new Cancellation(cancellation),
    }),
  };
}
