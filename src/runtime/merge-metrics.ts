/** What one process shows, in Prometheus' text form. */
interface Shown {
  readonly process: string;
  readonly text: string;
}

/**
 * The metrics of several processes as one text: all samples of a metric stand together, as the form demands, each with
 * its process's name. `up` says which were asked, and which of them answered.
 */
export function mergeMetrics(
  all: readonly Shown[],
  up: readonly { readonly process: string; readonly up: boolean }[],
): string {
  const metrics = new Map<string, { readonly head: string[]; readonly samples: string[] }>();
  for (const { process, text } of all) {
    let metric: { readonly head: string[]; readonly samples: string[] } | undefined;
    for (const line of text.split("\n")) {
      const [, what, name] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
      if (name !== undefined) {
        metric = metrics.get(name) ?? { head: [], samples: [] };
        metrics.set(name, metric);
        if (!metric.head.some((known) => known.startsWith(`# ${what} `))) metric.head.push(line);
      } else if (line !== "" && !line.startsWith("#")) metric?.samples.push(ofProcess(line, process));
    }
  }
  const own = [
    "# HELP pangaea_process_up 1 where a process answers the supervisor, else 0.",
    "# TYPE pangaea_process_up gauge",
    ...up.map(({ process, up: isUp }) => `pangaea_process_up{process="${process}"} ${isUp ? 1 : 0}`),
  ];
  const lines = [...metrics.values()].flatMap(({ head, samples }) => [...head, ...samples]);
  return `${[...own, ...lines].join("\n")}\n`;
}

/** The sample under the name by which the supervisor knows the process: of replicas each has its own. */
function ofProcess(line: string, process: string): string {
  const label = `process="${process}"`;
  const known = /([{,])process="[^"]*"/;
  if (known.test(line)) return line.replace(known, `$1${label}`);
  return line.replace(/^(\w+)(?:\{)?/, (start, name: string) =>
    start.endsWith("{") ? `${start}${label},` : `${name}{${label}}`,
  );
}
