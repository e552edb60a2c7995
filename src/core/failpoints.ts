/**
 * The steps at which a crash would hurt most, by name. A harness takes them from here, so that a new one is tested
 * without being listed anywhere else.
 */
export const failpointNames = [
  /** A request has been read and nobody else knows of it. */
  "gateway.before-call",
  /** The answer is known and the client has not heard it. */
  "gateway.before-reply",
  /** Everything is written in the transaction, which is still open. */
  "commit.before",
  /** Committed, and nobody has been told: neither the caller nor relay and sagas. */
  "commit.after",
  /** An event stands in the outbox and is about to be sent. */
  "relay.before-deliver",
  /** A subscriber has confirmed, and the cursor does not know it yet. */
  "relay.confirmed-before-cursor",
  /** An event has arrived and its handler has not begun. */
  "event.before-handler",
  /** The effect of an event is committed and the producer has not heard of it. */
  "event.after-effect",
  /** A step of a saga is about to run. */
  "saga.before-step",
  /** A step is done and not written down. */
  "saga.after-step",
  /** How far a saga has come is written down. */
  "saga.after-write",
  /** A step is about to be undone. */
  "saga.before-undo",
  /** A step is undone, and that is not written down. */
  "saga.after-undo",
  /** Every step is done, or undone, and the end is not committed. */
  "saga.before-end",
] as const;

/** The name of a failpoint. */
export type FailpointName = (typeof failpointNames)[number];

/** Where a test may end or hold a process, to see what survives. Passed in like the clock; without effect unless armed. */
export interface Failpoints {
  /** Says that this step has been reached. Returns at once unless this very failpoint is armed. */
  hit(name: FailpointName): void;
}

/** Does nothing. */
export const inertFailpoints: Failpoints = { hit() {} };
