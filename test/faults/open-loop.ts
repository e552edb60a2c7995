import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { exchange } from "./exchange.js";

/** One request and what came of it. Moments are of `performance.now()`. */
export interface Asked {
  /** When it was its turn. */
  readonly dueAt: number;
  readonly sentAt: number;
  readonly settledAt: number;
  /** Of the answer; 0 where the connection ended without one. */
  readonly status: number;
  /** Of the error, or what became of the connection. */
  readonly code: string;
  readonly reason: string | undefined;
}

const tickMs = 5;
/** Who waits longer than any deadline is not answered at all. */
const giveUpMs = 60_000;

/** Lets go of a connection long before the gateway does, so that none is closed on the way. */
const connections = (): Agent => new Agent({ keepAlive: true, agentKeepAliveTimeoutBuffer: 3_000 });

/** Asks at a constant rate, however slowly it is answered; of three requests one is a read, one idempotent, one a mutation. */
export class OpenLoop {
  readonly settled: Asked[] = [];
  readonly #agent = connections();
  readonly #timer: NodeJS.Timeout;
  #pending = 0;
  #sent = 0;
  #rate: number;
  #nextAt = performance.now();

  constructor(
    private readonly url: string,
    perSecond: number,
  ) {
    this.#rate = perSecond;
    // Connections that were closed while this process did not run are noticed before one of them is used.
    this.#timer = setInterval(() => setImmediate(() => this.#ask()), tickMs);
  }

  /** Requests a second from now on. */
  setRate(perSecond: number): void {
    this.#rate = perSecond;
    this.#nextAt = performance.now();
  }

  /** Asks no more; resolves when everything is settled. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#nextAt = Number.POSITIVE_INFINITY;
    while (this.#pending > 0) await pause(tickMs);
    this.#agent.destroy();
  }

  #ask(): void {
    // What was due while this process did not run is asked at once: the rate is kept.
    for (const now = performance.now(); this.#nextAt <= now; this.#nextAt += 1_000 / this.#rate) {
      this.#pending++;
      void askOnce(this.#agent, this.url, this.#sent++, this.#nextAt).then((asked) => {
        this.#pending--;
        this.settled.push(asked);
      });
    }
  }
}

/** How many requests a second are answered where so many clients ask one after the other. */
export async function peakOf(url: string, clients: number, forMs: number): Promise<number> {
  const agent = connections();
  const until = performance.now() + forMs;
  let answered = 0;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let at = client; performance.now() < until; at++) {
        if ((await askOnce(agent, url, at, performance.now())).status === 200) answered++;
      }
    }),
  );
  agent.destroy();
  return answered / (forMs / 1_000);
}

/** Asks until so many answers in a row were right: what has just started is slow at first. */
export async function warm(url: string, inARow = 6): Promise<void> {
  const agent = connections();
  for (let at = 0, right = 0; right < inARow; at++) {
    right = (await askOnce(agent, url, at, performance.now())).status === 200 ? right + 1 : 0;
    if (right === 0) await pause(100);
  }
  agent.destroy();
}

async function askOnce(agent: Agent, url: string, number: number, dueAt: number): Promise<Asked> {
  const sentAt = performance.now();
  const [method, path, body] = (
    [
      ["GET", "/things/a", undefined],
      ["PUT", "/things/a", {}],
      ["POST", "/things", { id: "a" }],
    ] as const
  )[number % 3]!;
  const settled = (status: number, { code = "", reason }: { code?: string; reason?: string }): Asked => {
    return { dueAt, sentAt, settledAt: performance.now(), status, code, reason };
  };
  try {
    const { status, text } = await exchange(new URL(path, url), { agent, method, body, giveUpMs });
    return settled(status, status === 200 ? {} : problemOf(text));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return settled(0, { code: code ?? message });
  }
}

function problemOf(text: string): { code?: string; reason?: string } {
  try {
    return JSON.parse(text) as { code?: string; reason?: string };
  } catch {
    return {};
  }
}
