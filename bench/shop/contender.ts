import { Load } from "./load.js";
import { cpuMsOf, percentile, residentMbOf } from "./measure.js";
import type { Place, System } from "./systems.js";
import { spreadOf } from "../statistics.js";
import type { ContenderFigures } from "./results.js";

interface Round {
  readonly perSecond: number;
  readonly orderP50: number;
  readonly orderP99: number;
  readonly readP50: number;
  readonly readP99: number;
  readonly cpuPerOrder: number;
}

/** Events that the last orders left behind are delivered in this time; that work is theirs as well. */
const settleMs = 300;

/** A running system with customers before its door. */
export class Contender {
  readonly #rounds: Round[] = [];
  readonly #atRest: ReadonlyMap<number, number>;
  #failed = 0;

  private constructor(
    readonly name: string,
    private readonly system: System,
    private readonly load: Load,
  ) {
    this.#atRest = new Map([...system.processes.keys()].map((pid) => [pid, residentMbOf(pid)]));
  }

  static async start(name: string, start: (place: Place) => Promise<System>, place: Place): Promise<Contender> {
    const system = await start(place);
    try {
      return new Contender(name, system, await Load.on(system.url));
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  /** Lets code be compiled and caches fill: so many requests, however long they take. */
  async warmUp(requests: number): Promise<void> {
    await this.load.count(requests, 8);
  }

  /** Requests a second that it answers while so many customers wait for it. */
  async saturate(customers: number, seconds: number): Promise<number> {
    const seen = await this.load.closed(customers, seconds);
    if (seen.failed > 0) throw new Error(`${this.name}: ${seen.failed} requests failed under a closed loop`);
    return (seen.orders.length + seen.reads.length) / seen.seconds;
  }

  /** Asks at a given rate and notes what that took. */
  async round(perSecond: number, seconds: number): Promise<Round> {
    const before = this.#cpuMs();
    const { orders, reads, failed, seconds: took } = await this.load.open(perSecond, seconds);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const round = {
      perSecond: (orders.length + reads.length) / took,
      orderP50: percentile(orders, 0.5),
      orderP99: percentile(orders, 0.99),
      readP50: percentile(reads, 0.5),
      readP99: percentile(reads, 0.99),
      cpuPerOrder: (this.#cpuMs() - before) / orders.length,
    };
    this.#failed += failed;
    this.#rounds.push(round);
    return round;
  }

  figures(): ContenderFigures {
    const spread = (metric: keyof Round) => spreadOf(this.#rounds.map((round) => round[metric]));
    const memory = [...this.system.processes].map(([pid, name]) => [
      name,
      { atRest: this.#atRest.get(pid)!, afterLoad: residentMbOf(pid) },
    ]);
    return {
      name: this.name,
      perSecond: spread("perSecond"),
      orderP50: spread("orderP50"),
      orderP99: spread("orderP99"),
      readP50: spread("readP50"),
      readP99: spread("readP99"),
      cpuPerOrder: spread("cpuPerOrder"),
      failed: this.#failed,
      memory: Object.fromEntries(memory) as ContenderFigures["memory"],
    };
  }

  async stop(): Promise<void> {
    await this.load.close();
    await this.system.stop();
  }

  #cpuMs(): number {
    let sum = 0;
    for (const pid of this.system.processes.keys()) sum += cpuMsOf(pid);
    return sum;
  }
}
