import { sleep } from "../core/clock.js";
import type { Answered } from "../core/meter.js";
import type { Replica } from "./replica.js";
import { OperationRefused, type Rollout } from "./rollout.js";
import type { Run } from "./run.js";
import type { Supervisor } from "./supervisor.js";
import { degradation, since } from "./traffic.js";

export interface DeployOptions {
  readonly supervisor: Supervisor;
  readonly rollout: Rollout;
  /** The folder of the new build. */
  readonly build: string;
  /** How long each new process is watched before the next one is replaced. Milliseconds. */
  readonly watchMs: number;
}

const nothing: Answered = { calls: 0, failed: 0, latencies: [] };

/**
 * Replaces every process by one of a new build, one after the other, and watches each for a while: whether it stays up,
 * fails more often than the one before it, or answers much more slowly. Where one does, or does not come up, everything
 * goes back to the build it ran before, and the error says why. Resolves with the names of those that were replaced.
 */
export function deploy(options: DeployOptions): Promise<string[]> {
  const { supervisor, rollout, build } = options;
  return rollout.alone("a deployment", async () => {
    const replaced: { readonly replica: Replica; readonly before: string | undefined }[] = [];
    for (const replica of rollout.inOrder(undefined)) {
      const before = replica.build;
      const why = await replaceAndWatch(replica, options, () => replaced.push({ replica, before }));
      if (why === undefined) continue;
      supervisor.options.logger.error(`The new build is taken back: ${why}`, { build });
      for (const { replica: each, before: former } of replaced.toReversed()) await rollout.replace(each, former);
      throw new OperationRefused(`${why} Everything runs what it ran before.`);
    }
    return replaced.map(({ replica }) => supervisor.nameOf(replica));
  });
}

/** What is wrong with a new process, for people; undefined where nothing is. */
async function replaceAndWatch(
  replica: Replica,
  { supervisor, rollout, build, watchMs }: DeployOptions,
  replaced: () => void,
): Promise<string | undefined> {
  const name = supervisor.nameOf(replica);
  const old = (await replica.current?.traffic()) ?? nothing;
  try {
    await rollout.replace(replica, build);
  } catch (error) {
    if (error instanceof OperationRefused) return error.message;
    throw error;
  }
  replaced();
  const run = replica.current;
  // What has just started is slow at first: the first half is not compared by its speed.
  const isUp = async () => run !== undefined && (await staysUp(run, supervisor, watchMs / 2));
  const atFirst = (await isUp()) ? await run!.traffic() : undefined;
  const atEnd = atFirst !== undefined && (await isUp()) ? await run!.traffic() : undefined;
  if (atEnd === undefined) return `The new ${name} did not stand for ${watchMs} ms; its log says why.`;
  const worse = degradation({ ...old, latencies: [] }, atEnd) ?? degradation(old, since(atFirst!, atEnd));
  return worse === undefined ? undefined : `The new ${name} is worse: ${worse}.`;
}

async function staysUp(run: Run, { options, stopping }: Supervisor, watchMs: number): Promise<boolean> {
  const watch = new AbortController();
  void run.ended.then(() => watch.abort());
  const passed = await sleep(options.clock, watchMs, AbortSignal.any([watch.signal, stopping]));
  return passed && run.progress === "ready";
}
