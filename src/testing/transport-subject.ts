import assert from "node:assert/strict";
import {
  type Call,
  type Clock,
  type Connection,
  type Handler,
  type Listener,
  rootContext,
  type Transport,
  type TransportFeatures,
} from "../core/index.js";
import { type ConformanceCase, type Latch, latch, within } from "./conformance.js";

/** An adapter, as the suite needs it. */
export interface TransportSubject {
  readonly clock: Clock;
  /** A new, independent instance, as another process would have. The suite closes it. */
  createTransport(): Transport;
  /** A fresh address to serve on. */
  address(): string;
  /** An address, as a client writes it, that nothing serves. By default a fresh `address()`. */
  unservedAddress?(): string | Promise<string>;
  /** How many calls this instance still keeps in mind, on either side; must return to zero. */
  pendingOf?(transport: Transport): number;
}

/** A case of the transport suite. */
export type TransportCase = ConformanceCase<TransportSubject, TransportFeatures>;

/** A served handler and a client's connection to it. */
interface Line {
  readonly listener: Listener;
  readonly connection: Connection;
}

/** Two sides of one transport: separate instances where it is remote, one instance where both live in one process. */
export interface Rig {
  readonly subject: TransportSubject;
  readonly clock: Clock;
  readonly server: Transport;
  readonly client: Transport;
  /** One more instance, as a third process. */
  another(): Transport;
  /** Serves `handler` on a fresh address and connects to it. */
  line(handler: Handler): Promise<Line>;
  call(input?: unknown, fields?: Partial<Call>): Call;
  /** Waits with a bound far below the deadline of every call here (10 s). */
  soon<T>(what: string, promise: Promise<T>): Promise<T>;
  /** No instance keeps a trace of a call, soon. */
  nothingPending(): Promise<void>;
}

/** How long "at once" may take where another process and a broker are involved. */
const soonMs = 8_000;

/** A case that fails half way leaves calls behind: how they end must not be charged to whatever runs by then. */
function withoutStrays(connection: Connection): Connection {
  const call: Handler = (sent) => {
    const reply = connection.call(sent);
    reply.catch(() => undefined);
    return reply;
  };
  return { call, subscribe: connection.subscribe.bind(connection), close: () => connection.close() };
}

async function withRig(subject: TransportSubject, body: (rig: Rig) => Promise<void>): Promise<void> {
  const { clock } = subject;
  const made: Transport[] = [];
  const create = () => {
    const transport = subject.createTransport();
    made.push(transport);
    return transport;
  };
  const server = create();
  const another = () => (server.features.remote ? create() : server);
  const client = another();
  const soon = <T>(what: string, promise: Promise<T>) => within(clock, soonMs, what, promise);
  try {
    await body({
      subject,
      clock,
      server,
      client,
      another,
      soon,
      async line(handler) {
        const listener = await soon("serving", server.serve(subject.address(), handler));
        return { listener, connection: withoutStrays(client.connect(listener.address)) };
      },
      call: (input, fields) => ({
        kind: "request",
        service: "conformance",
        version: 1,
        method: "try",
        input,
        effect: "mutation",
        attempt: 1,
        caller: "tester",
        context: rootContext(clock, 10_000),
        ...fields,
      }),
      async nothingPending() {
        const count = () => made.reduce((sum, transport) => sum + (subject.pendingOf?.(transport) ?? 0), 0);
        for (let tries = 0; tries < 100 && count() > 0; tries++) {
          await new Promise<void>((resolve) => clock.after(20, resolve, true));
        }
        assert.equal(count(), 0, "calls still pending");
      },
    });
  } finally {
    await Promise.all(made.map((transport) => transport.close()));
  }
}

/** Makes a case whose body gets both sides ready and is cleaned up after. */
export const transportCase = (
  title: string,
  body: (rig: Rig) => Promise<void>,
  skip?: TransportCase["skip"],
): TransportCase => ({ title, skip, run: (subject) => withRig(subject, body) });

/** Applies where caller and handler can lose each other. */
export const ifRemote: TransportCase["skip"] = ({ remote }) =>
  remote ? undefined : "caller and handler live and die together";

/** A handler that says when it has begun and answers when it is let go on. */
export function heldHandler(): { handler: Handler; entered: Latch<Call>; release: Latch; calls: () => number } {
  const entered = latch<Call>();
  const release = latch();
  let calls = 0;
  return {
    entered,
    release,
    calls: () => calls,
    async handler(call) {
      calls++;
      entered.open(call);
      await release.promise;
      return { output: call.input };
    },
  };
}
