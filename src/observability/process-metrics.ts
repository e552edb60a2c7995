import type { Clock } from "../core/clock.js";
import type { MetricDefinition, Metrics, Sample } from "../core/metrics.js";
import type { Times } from "./times.js";

type Read = () => Iterable<Sample> | Promise<Iterable<Sample>>;

/** How long something took, with labels that tell it from its neighbours. */
export interface TimesSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly times: Times;
}

/** A metric with what it is at this moment. */
export interface CollectedMetric extends MetricDefinition {
  readonly samples: readonly Sample[];
}

/** Whoever has to ask a database for a number is waited for so long. */
const readTimeoutMs = 1_000;

/** Everything that a process can be asked for in numbers. Nothing is worked out until somebody looks. */
export class ProcessMetrics implements Metrics {
  readonly #metrics = new Map<string, { readonly definition: MetricDefinition; readonly reads: Set<Read> }>();
  readonly #histograms: { name: string; help: string; read: () => Iterable<TimesSample> }[] = [];

  /** `labels` stand on every sample. */
  constructor(
    private readonly clock: Clock,
    private readonly labels: Readonly<Record<string, string>>,
  ) {}

  observe(definition: MetricDefinition, read: Read): () => void {
    const { name, kind } = definition;
    let metric = this.#metrics.get(name);
    if (metric === undefined) this.#metrics.set(name, (metric = { definition, reads: new Set() }));
    if (metric.definition.kind !== kind)
      throw new Error(`metric ${name} is a ${metric.definition.kind} and a ${kind}; give one of them another name`);
    const { reads } = metric;
    reads.add(read);
    return () => reads.delete(read);
  }

  /** Shows lengths of time as a histogram in seconds. */
  observeTimes(name: string, help: string, read: () => Iterable<TimesSample>): void {
    this.#histograms.push({ name, help, read });
  }

  /** The gauges and counters as they are now. What cannot be read in time has no samples. */
  collect(): Promise<CollectedMetric[]> {
    const all = [...this.#metrics.values()].map(async ({ definition, reads }) => {
      const samples = await Promise.all([...reads].map((read) => this.#read(read)));
      return { ...definition, samples: samples.flat() };
    });
    return Promise.all(all);
  }

  /** All of it in Prometheus' text form. */
  async text(): Promise<string> {
    // Loaded at the first look: a process at which nobody looks does not pay for it.
    const { default: prometheus } = await import("prom-client");
    const registry = new prometheus.Registry();
    registry.setDefaultLabels({ ...this.labels });
    const show = (name: string, help: string, type: string, values: readonly ShownValue[]) => {
      // The registry asks a metric for its values when it writes them down; that is all it needs of one.
      const metric = { name, get: () => Promise.resolve({ name, help, type, values }) };
      registry.registerMetric(metric as unknown as Parameters<typeof registry.registerMetric>[0]);
    };
    for (const { name, help, read } of this.#histograms) show(name, help, "histogram", valuesOf(name, read()));
    for (const { name, help, kind, samples } of await this.collect()) show(name, help, kind, samples);
    return registry.metrics();
  }

  async #read(read: Read): Promise<readonly Sample[]> {
    let cancel = () => {};
    const late = new Promise<readonly Sample[]>((resolve) => {
      cancel = this.clock.after(readTimeoutMs, () => resolve([]));
    });
    try {
      return await Promise.race([Promise.resolve(read()).then((samples) => [...samples]), late]);
    } catch {
      // A database that is away has no numbers; readiness says why.
      return [];
    } finally {
      cancel();
    }
  }
}

interface ShownValue extends Sample {
  readonly metricName?: string;
}

/** A histogram in seconds as Prometheus wants it: how many were at most so long, for each end, then sum and count. */
function valuesOf(name: string, read: Iterable<TimesSample>): ShownValue[] {
  const values: ShownValue[] = [];
  for (const { labels, times } of read) {
    for (const [end, count] of times.cumulative())
      values.push({ metricName: `${name}_bucket`, labels: { ...labels, le: String(end) }, value: count });
    values.push(
      { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: times.count },
      { metricName: `${name}_sum`, labels, value: times.sumMs / 1_000 },
      { metricName: `${name}_count`, labels, value: times.count },
    );
  }
  return values;
}
