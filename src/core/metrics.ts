/** One number of a metric, with the labels that tell it from its neighbours. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric by its name, after OpenTelemetry's conventions in Prometheus' form: its unit is part of it. */
export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly kind: "gauge" | "counter";
}

/**
 * Where a process shows its numbers. Nothing is pushed on the way of a call: whoever has a number keeps it, and is asked
 * for it when somebody looks.
 */
export interface Metrics {
  /**
   * `read` is asked at every look; the returned function ends that. Several may read the same metric, under other labels.
   * One that has to ask a database may give a promise; it is not waited for longer than a second.
   */
  observe(definition: MetricDefinition, read: () => Iterable<Sample> | Promise<Iterable<Sample>>): () => void;
}
