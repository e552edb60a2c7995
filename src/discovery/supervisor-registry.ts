import type { Clock } from "../core/clock.js";
import type { Answered } from "../core/meter.js";
import type { Instance, Registry } from "../core/registry.js";

/** What a supervised process tells its supervisor. */
export type ChildMessage =
  | { readonly type: "register"; readonly instance: Instance }
  | { readonly type: "deregister"; readonly id: string }
  /** Its event loop runs, and was late by so much since the last one. Milliseconds. */
  | { readonly type: "beat"; readonly lagMs: number }
  /** Loaded, and waiting for its turn. */
  | { readonly type: "prepared" }
  | { readonly type: "ready"; readonly addresses: Readonly<Record<string, string>> }
  /** No call is sent by an older list than this one any more. */
  | { readonly type: "acknowledge"; readonly list: number }
  /** What it has answered so far; `question`: the number of the one that is answered. */
  | { readonly type: "traffic"; readonly question: number; readonly counts: Answered };

/** What a supervisor tells its processes. */
export type SupervisorMessage =
  /** `list`: its number, where it is to be acknowledged. */
  | { readonly type: "instances"; readonly instances: readonly Instance[]; readonly list?: number }
  /** It is this process's turn: the one before it leaves. */
  | { readonly type: "go" }
  /** What has it answered so far? */
  | { readonly type: "traffic"; readonly question: number }
  /** For `graceMs` milliseconds somebody else takes new connections already. */
  | { readonly type: "stop"; readonly graceMs?: number };

/** A two-way line to the other side: a process's IPC channel, or anything that behaves like one. */
export interface Line<Out, In> {
  send(message: Out): void;
  onMessage(listener: (message: In) => void): () => void;
}

export interface PulseOptions {
  readonly clock: Clock;
  readonly heartbeatMs: number;
}

/**
 * A registry kept by the supervisor on this machine. That a process is there the supervisor knows from the operating
 * system, at once; so heartbeats come from the event loop itself, and a missing one says that it is blocked.
 */
export function supervisorRegistry(line: Line<ChildMessage, SupervisorMessage>, pulse?: PulseOptions): Registry {
  const registered = new Set<string>();
  let stopBeating = () => {};
  let known: readonly Instance[] = [];
  const watchers = new Set<(instances: readonly Instance[]) => void>();
  const stopListening = line.onMessage((message) => {
    if (message.type !== "instances") return;
    known = message.instances;
    for (const watcher of watchers) watcher(known);
    if (message.list !== undefined) line.send({ type: "acknowledge", list: message.list });
  });
  return {
    register(instance) {
      registered.add(instance.id);
      line.send({ type: "register", instance });
      if (pulse !== undefined) stopBeating = beat(line, pulse);
      return Promise.resolve({
        update(changed) {
          line.send({ type: "register", instance: changed });
          return Promise.resolve();
        },
        close() {
          if (registered.delete(instance.id)) line.send({ type: "deregister", id: instance.id });
          return Promise.resolve();
        },
      });
    },
    watch(onChange) {
      watchers.add(onChange);
      onChange(known);
      return () => watchers.delete(onChange);
    },
    close() {
      for (const id of registered) line.send({ type: "deregister", id });
      stopBeating();
      stopListening();
      watchers.clear();
      return Promise.resolve();
    },
  };
}

function beat(line: Line<ChildMessage, SupervisorMessage>, { clock, heartbeatMs }: PulseOptions): () => void {
  let dueAt = clock.now();
  let cancel = () => {};
  const next = () => {
    const now = clock.now();
    line.send({ type: "beat", lagMs: Math.round(Math.max(0, now - dueAt)) });
    dueAt = now + heartbeatMs;
    cancel = clock.after(heartbeatMs, next);
  };
  next();
  return () => cancel();
}
