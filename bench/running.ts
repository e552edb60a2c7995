import { readFile } from "node:fs/promises";
import type { Entry, Surroundings } from "./contender.js";
import { EndProcess } from "./end-process.js";
import type { Load, Round } from "./load.js";
import type { SelfTime } from "./profile.js";
import { type Watched, watched } from "./sentinel.js";

/** A round seen from everywhere: CPU of each end, and of the broker where there is one, in microseconds per call. */
export interface FullRound extends Round {
  readonly serverCpu?: number;
  readonly brokerCpu?: number;
}

const microsecondsPerTick = 10_000;

/** The CPU time that a process has used, in microseconds, from Linux's accounts; undefined elsewhere. */
async function cpuOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The name, in brackets, may hold anything; user and system time are the 12th and 13th fields after it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields && (Number(fields[11]) + Number(fields[12])) * microsecondsPerTick;
}

/** A contender with its processes up and its ends connected. */
export class Running {
  private constructor(
    readonly entry: Entry,
    private readonly client: EndProcess,
    private readonly server: EndProcess | undefined,
    private readonly brokerPid: number | undefined,
  ) {}

  static async start(entry: Entry, surroundings: Surroundings, brokerPid: number | undefined): Promise<Running> {
    const server = entry.area === "local" ? undefined : new EndProcess(entry.name);
    const client = new EndProcess(entry.name);
    try {
      const address = (await server?.do("serve", { surroundings })) ?? "";
      await client.do("connect", { address, surroundings });
    } catch (error) {
      await Promise.all([server?.stop(), client.stop()]);
      throw new Error(`${entry.name}: ${(error as Error).message}`, { cause: error });
    }
    return new Running(entry, client, server, entry.area === "redis" ? brokerPid : undefined);
  }

  /** Runs without being measured: a process that has waited for its turn has cold caches, and perhaps its memory no more. */
  async lead(load: Load): Promise<void> {
    await this.client.do("drive", load);
  }

  /** Measures; this process only waits meanwhile. */
  round(load: Load): Promise<Watched<FullRound>> {
    return watched(() => this.#round(load));
  }

  /** Where each end spends its time under a load. Once only. */
  async profile(load: Load): Promise<{ client: SelfTime; server: SelfTime | undefined }> {
    const { client, server } = this;
    await Promise.all([client.do("beginProfile", undefined), server?.do("beginProfile", undefined)]);
    await client.do("drive", load);
    const [ofClient, ofServer] = await Promise.all([
      client.do("endProfile", undefined),
      server?.do("endProfile", undefined),
    ]);
    return { client: ofClient, server: ofServer };
  }

  async stop(): Promise<void> {
    await Promise.all([this.client.stop(), this.server?.stop()]);
  }

  async #round(load: Load): Promise<FullRound> {
    const [serverBefore, brokerBefore] = await this.#cpus();
    const round = await this.client.do("drive", load);
    const [serverAfter, brokerAfter] = await this.#cpus();
    const perCall = (before: number | undefined, after: number | undefined) =>
      before === undefined || after === undefined ? undefined : (after - before) / round.calls;
    return {
      ...round,
      serverCpu: perCall(serverBefore, serverAfter),
      brokerCpu: perCall(brokerBefore, brokerAfter),
    };
  }

  #cpus(): Promise<[number | undefined, number | undefined]> {
    return Promise.all([
      this.server?.do("cpu", undefined),
      this.brokerPid === undefined ? undefined : cpuOf(this.brokerPid),
    ]);
  }
}
