/** Where the fields of a line stand in the Elastic Common Schema; what has no place there is kept under `pangaea`. */
const places: Readonly<Record<string, string>> = {
  time: "@timestamp",
  level: "log.level",
  msg: "message",
  process: "service.node.name",
  module: "service.name",
  traceId: "trace.id",
  spanId: "span.id",
  requestId: "http.request.id",
  method: "event.action",
};

/** A structured line as a line of the Elastic Common Schema, so that an ELK stack takes it as it is. */
export function asEcs(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown>;
  const ecs: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(entry)) {
    const place = Object.hasOwn(places, name) ? places[name]! : undefined;
    if (name === "error") Object.assign(ecs, errorOf(value));
    else if (name === "durationMs" && typeof value === "number") ecs["event.duration"] = Math.round(value * 1e6);
    else if (place !== undefined) ecs[place] = value;
    else rest[name] = value;
  }
  return JSON.stringify({
    ...ecs,
    "ecs.version": "8.11.0",
    ...(Object.keys(rest).length > 0 ? { pangaea: rest } : {}),
  });
}

function errorOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return { "error.message": String(value) };
  const { type, message, stack, code } = value as Record<string, unknown>;
  return { "error.type": type, "error.message": message, "error.stack_trace": stack, "error.code": code };
}
