import type { Replica } from "./replica.js";
import type { Run } from "./run.js";
import type { Supervisor } from "./supervisor.js";

/** Said to whoever asked for an operation that cannot be done as asked; the message names the mend. */
export class OperationRefused extends Error {
  override name = "OperationRefused";
}

/** A new process may take so long until it is ready. */
const readyWithinMs = 120_000;
/** Clients of a gateway that keep their connections are told to come anew for so long: longer than any waits idle. */
const edgeGraceMs = 6_000;
/** The same where nobody else takes connections meanwhile. */
const aloneGraceMs = 1_000;
/** More of one process than that is a slip of the hand. */
const maxReplicas = 64;

/** What an operator does to the processes of a supervisor while they work. One operation at a time. */
export class Rollout {
  #underWay: string | undefined;

  constructor(private readonly supervisor: Supervisor) {}

  /**
   * Replaces every process, or one, by a new one of itself, one after the other: where several can be at work at a time the
   * new one is ready before the old one leaves, else it waits until the old one has let go. Resolves with the names of
   * those that were replaced; rejects where one did not come up, and leaves the rest as they are.
   */
  restart(process?: string): Promise<string[]> {
    return this.alone(`the restart of ${process ?? "every process"}`, async () => {
      const replaced: string[] = [];
      for (const replica of this.inOrder(process)) {
        await this.replace(replica, replica.build);
        replaced.push(this.supervisor.nameOf(replica));
      }
      return replaced;
    });
  }

  /** Runs `count` of a process side by side. Those that are too many drain first. */
  scale(process: string, count: number): Promise<void> {
    return this.alone(`the scaling of ${process}`, async () => {
      const [first] = this.inOrder(process);
      if (!Number.isInteger(count) || count < 1 || count > maxReplicas) {
        throw new OperationRefused(`${process}=${count}: give a whole number from 1 to ${maxReplicas}.`);
      }
      const why = count > 1 ? this.supervisor.options.whyAlone?.(first!.spec) : undefined;
      if (why !== undefined) throw new OperationRefused(`${process} cannot run ${count} times: ${why}.`);
      const replicas = () => this.supervisor.replicas(process);
      while (replicas().length < count) await this.#addOne(first!);
      while (replicas().length > count) await this.#retire(replicas().at(-1)!);
    });
  }

  /** Replaces what a replica runs by a new process, of a build. Rejects, with the old one at work, where the new one does not come up. */
  async replace(replica: Replica, build: string | undefined): Promise<void> {
    const { supervisor } = this;
    if (supervisor.stopping.aborted) throw new OperationRefused("The system is stopping.");
    const old = replica.current;
    // Nothing is lost with what does not work: it comes up anew.
    if (old === undefined || old.progress !== "ready") return this.#startAnew(replica, build);
    const waits = supervisor.options.whyAlone?.(replica.spec) !== undefined;
    const next = supervisor.launch(replica, { waits, build });
    replica.next = next;
    if (!(await this.#reaches(next, waits ? "waiting" : "ready"))) {
      replica.next = undefined;
      throw await this.#givenUp(replica, next);
    }
    // From here on the new one is what is started again, should it end.
    const before = replica.build;
    replica.build = build;
    await supervisor.drain(replica, old);
    const isEdge = replica.spec.gateway !== undefined;
    const stopped = supervisor.stopRun(replica, old, isEdge ? (waits ? aloneGraceMs : edgeGraceMs) : 0);
    next.go();
    await stopped;
    if (await this.#reaches(next, "ready")) return;
    replica.build = before;
    throw await this.#givenUp(replica, next);
  }

  async #startAnew(replica: Replica, build: string | undefined): Promise<void> {
    const before = replica.build;
    replica.build = build;
    const { current } = replica;
    if (current !== undefined && current.build !== build) await this.supervisor.stopRun(replica, current);
    if (await this.#isReady(replica)) return;
    replica.build = before;
    throw new OperationRefused(`${this.supervisor.nameOf(replica)} does not become ready; its log says why.`);
  }

  async #addOne({ spec, build }: Replica): Promise<void> {
    if (this.supervisor.stopping.aborted) throw new OperationRefused("The system is stopping.");
    const replica = this.supervisor.add(spec);
    replica.build = build;
    replica.start();
    if (await this.#isReady(replica)) return;
    const name = this.supervisor.nameOf(replica);
    await this.#retire(replica);
    throw new OperationRefused(`${name} does not become ready; its log says why. It was taken away again.`);
  }

  async #retire(replica: Replica): Promise<void> {
    const { supervisor } = this;
    replica.retire();
    const { current } = replica;
    if (current !== undefined) {
      await supervisor.drain(replica, current);
      await supervisor.stopRun(replica, current, replica.spec.gateway === undefined ? 0 : edgeGraceMs);
    }
    await replica.over();
    supervisor.remove(replica);
  }

  /** The new child did not come up: it is ended, and the error says what became of it. */
  async #givenUp(replica: Replica, next: Run): Promise<OperationRefused> {
    const name = this.supervisor.nameOf(replica);
    const ended = next.progress === "ended";
    // Where it has the place already, what ran before is started in its stead.
    if (!ended) await this.supervisor.stopRun(replica, next);
    const what = ended ? "ended" : `was not ready after ${readyWithinMs} ms`;
    return new OperationRefused(`The new ${name} ${what}; its log says why. What ran before goes on.`);
  }

  async #reaches(run: Run, progress: "waiting" | "ready"): Promise<boolean> {
    const isThere = () => run.progress === progress || (progress === "waiting" && run.progress === "ready");
    await run.until(() => isThere() || run.progress === "ended", readyWithinMs);
    return isThere();
  }

  async #isReady(replica: Replica): Promise<boolean> {
    const run = await replica.wake();
    return run !== undefined && this.#reaches(run, "ready");
  }

  /** The replicas of a process, or all: what lets requests in comes last. */
  inOrder(process: string | undefined): Replica[] {
    const replicas = this.supervisor.replicas(process);
    if (replicas.length === 0) {
      const names = this.supervisor.options.topology.processes.map(({ name }) => name);
      throw new OperationRefused(`There is no process "${process}"; there are ${names.join(", ")}.`);
    }
    return replicas.toSorted((a, b) => Number(a.spec.gateway !== undefined) - Number(b.spec.gateway !== undefined));
  }

  /** Runs an operation while no other one does. */
  async alone<T>(what: string, operation: () => Promise<T>): Promise<T> {
    if (this.supervisor.stopping.aborted) throw new OperationRefused("The system is stopping.");
    if (this.#underWay !== undefined) throw new OperationRefused(`${capitalised(this.#underWay)} is still under way.`);
    this.#underWay = what;
    try {
      return await operation();
    } finally {
      this.#underWay = undefined;
    }
  }
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
