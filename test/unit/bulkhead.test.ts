import type { Metrics, Reply, Sample } from "pangaea";
import { describe, expect, it } from "vitest";
import { isSilent, protectedClient } from "./protected-client.js";

const alone = { retry: undefined, breaker: undefined };

/** Keeps what is shown, and reads it. */
function shownMetrics() {
  const shown = new Map<string, Parameters<Metrics["observe"]>[1]>();
  const metrics: Metrics = {
    observe(definition, read) {
      shown.set(definition.name, read);
      return () => shown.delete(definition.name);
    },
  };
  return { metrics, shown, value: (name: string) => [...((shown.get(name)?.() ?? []) as Iterable<Sample>)][0]?.value };
}

describe("a bulkhead", () => {
  it("lets so many calls be under way, lets some wait in their order, and refuses the rest at once", async () => {
    const { metrics, value } = shownMetrics();
    const replies: ((reply: Reply) => void)[] = [];
    const endpoint = () => new Promise<Reply>((resolve) => replies.push(resolve));
    const service = { ...alone, bulkhead: { concurrent: 2, queue: 3 } };
    const system = protectedClient({ endpoints: [endpoint], service, metrics });
    const calls = Array.from({ length: 7 }, () => system.call("look"));
    await system.settled(calls[6]!);
    for (const call of calls.slice(5)) {
      expect(call).toMatchObject({ settledAt: 0, outcome: { code: "resource_exhausted", outcome: "not-sent" } });
    }
    expect(value("pangaea_client_bulkhead_pending")).toBe(2);
    expect(value("pangaea_client_bulkhead_queued")).toBe(3);
    for (let index = 0; index < 5; index++) {
      await system.pass(0);
      replies[index]!({ output: {} });
      await system.settled(calls[index]!);
    }
    expect(value("pangaea_client_bulkhead_pending")).toBe(0);
    expect(value("pangaea_client_bulkhead_refusals_total")).toBe(2);
  });

  it("forgets who waits when its time is up, and says that it was not sent", async () => {
    const service = { ...alone, bulkhead: { concurrent: 1, queue: 10 } };
    const { metrics, value } = shownMetrics();
    const system = protectedClient({ endpoints: [isSilent], service, metrics });
    const long = system.call("look", 2_000);
    const short = system.call("look", 500);
    await system.settled(short);
    expect(short.outcome).toMatchObject({ code: "deadline_exceeded" });
    expect(value("pangaea_client_bulkhead_queued")).toBe(0);
    await system.settled(long);
    expect(system.attempts).toHaveLength(1);
    expect(value("pangaea_client_bulkhead_pending")).toBe(0);
  });

  it("shows nothing any more of an endpoint that is gone", async () => {
    const { metrics, shown } = shownMetrics();
    const system = protectedClient({ endpoints: [isSilent], metrics });
    const call = system.call("look", 100);
    await system.settled(call);
    expect(shown.has("pangaea_client_breaker_state")).toBe(true);
    system.close();
    expect(shown.has("pangaea_client_breaker_state")).toBe(false);
    expect(shown.has("pangaea_client_bulkhead_pending")).toBe(false);
    expect(shown.has("pangaea_client_retries_total")).toBe(true);
  });
});
