import { get } from "node:http";
import type { AdminFace } from "./admin-face.js";
import { mergeMetrics } from "./merge-metrics.js";
import type { ProcessReport, SpansReport, StatusReport } from "./process-report.js";

/** What a supervisor knows of a process that it runs. */
interface Supervised {
  readonly name: string;
  readonly pid: number | undefined;
  readonly state: string;
  readonly restarts: number;
  readonly addresses: Readonly<Record<string, string>>;
}

/** A process that does not answer in this time is said to be silent: the others must be seen. */
const answerWithinMs = 3_000;

/** What a supervisor shows at its admin listener: all of its processes, each of which is asked at its own. */
export function supervisorFace(processes: () => readonly Supervised[]): AdminFace {
  const askAll = <T>(path: string, read: (text: string, process: Supervised) => T): Promise<(T | Silent)[]> =>
    Promise.all(
      processes().map(async (process) => {
        const { admin } = process.addresses;
        if (admin === undefined || process.pid === undefined) return { process, silent: notThere(process) };
        try {
          return read(await textAt(`${admin}${path}`), process);
        } catch (error) {
          return { process, silent: `it does not answer: ${(error as Error).message}` };
        }
      }),
    );
  const status = async (): Promise<StatusReport> => {
    const all = await askAll("/status", (text, { name, pid, restarts }): ProcessReport => {
      const [own] = (JSON.parse(text) as StatusReport).processes;
      return { ...own!, name, pid: pid ?? null, restarts };
    });
    return { processes: all.map((one) => (isSilent(one) ? silentReport(one) : one)) };
  };
  const spans = async (id: string): Promise<SpansReport> => {
    const path = (of: string) => `/spans?trace=${encodeURIComponent(of)}`;
    const read = (text: string) => (JSON.parse(text) as SpansReport).spans;
    // Only the edge knows which trace a request is.
    const first = (await askAll(path(id), read)).flatMap((one) => (isSilent(one) ? [] : one));
    const traces = [...new Set(first.map(({ traceId }) => traceId))].filter((trace) => trace !== id);
    if (traces.length === 0) traces.push(id);
    const all = (await Promise.all(traces.map((trace) => askAll(path(trace), read)))).flat();
    return {
      spans: all.flatMap((one) => (isSilent(one) ? [] : one)).toSorted((a, b) => a.startedAt - b.startedAt),
      silent: [...new Set(all.flatMap((one) => (isSilent(one) ? [one.process.name] : [])))],
    };
  };
  return {
    status,
    spans,
    async metrics() {
      const all = await askAll("/metrics", (text, { name }) => ({ process: name, text }));
      const up = all.map((one) => ({ process: isSilent(one) ? one.process.name : one.process, up: !isSilent(one) }));
      return mergeMetrics(
        all.flatMap((one) => (isSilent(one) ? [] : [one])),
        up,
      );
    },
    async readiness() {
      const { processes: reports } = await status();
      const waitingFor = reports.flatMap(({ name, reason, waitingFor: others }) =>
        reason === null ? others : [{ name: `process ${name}`, reason }],
      );
      return { waitingFor };
    },
  };
}

interface Silent {
  readonly process: Supervised;
  readonly silent: string;
}

const isSilent = (one: unknown): one is Silent => typeof one === "object" && one !== null && "silent" in one;

const notThere = ({ state }: Supervised): string => (state === "ready" ? "it has no admin listener" : `it is ${state}`);

function silentReport({ process: { name, pid, state, restarts, addresses }, silent }: Silent): ProcessReport {
  return { name, state, pid: pid ?? null, restarts, addresses, waitingFor: [], reason: silent, figures: null };
}

const textAt = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: answerWithinMs }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("error", reject);
      response.once("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    // Also where it takes the question and then says nothing, or not all.
    const late = setTimeout(() => request.destroy(new Error(`nothing within ${answerWithinMs} ms`)), answerWithinMs);
    request.once("close", () => clearTimeout(late));
    request.once("error", reject);
  });
