import type { EndpointLayers } from "../client/endpoint.js";
import type { Layer } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import type { Effect } from "../core/contract.js";
import type { Deadlines } from "../core/deadline.js";
import type { Fallback } from "../core/fallback.js";
import type { Ids } from "../core/ids.js";
import type { MetricDefinition, Metrics } from "../core/metrics.js";
import { type Resilience, type ServiceResilience, usualResilience } from "../core/resilience.js";
import type { Validator } from "../core/validation.js";
import { attemptTimeout } from "../interceptors/attempt-timeout.js";
import { Bulkhead, bulkhead } from "../interceptors/bulkhead.js";
import { CircuitBreaker, circuitBreaker } from "../interceptors/circuit-breaker.js";
import { fallbackLayer } from "../interceptors/fallback.js";
import { hedging } from "../interceptors/hedging.js";
import { retry } from "../interceptors/retry.js";
import { RetryBudget } from "../interceptors/retry-budget.js";
import { isProcessService } from "./process-contract.js";

interface ServiceLayersParts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly deadlines: Deadlines;
  readonly metrics?: Metrics | undefined;
  readonly resilience?: Resilience | undefined;
  /** Whether a service keeps the answers of keyed calls. By default none does. */
  readonly keepsAnswers?: ((service: string) => boolean) | undefined;
}

/** What all calls of this process to one service share. */
interface Shared {
  readonly settings: ServiceResilience;
  readonly budget: RetryBudget;
  readonly breakers: Set<CircuitBreaker>;
}

const gauge = (name: string, help: string): MetricDefinition => ({ name, help, kind: "gauge" });
const counter = (name: string, help: string): MetricDefinition => ({ name, help, kind: "counter" });

const retries = counter("pangaea_client_retries_total", "Calls made again, hedges included.");
const budgetRefusals = counter(
  "pangaea_client_retry_budget_refusals_total",
  "Calls not made again for want of budget.",
);
const fallbacksUsed = counter("pangaea_fallbacks_total", "Failed calls in whose place the caller's own answer stood.");
const budgetLeft = gauge("pangaea_client_retry_budget", "Calls that may be made again now.");
const breakerState = gauge("pangaea_client_breaker_state", "0 closed, 1 half-open, 2 open.");
const bulkheadPending = gauge("pangaea_client_bulkhead_pending", "Calls under way with an endpoint.");
const bulkheadQueued = gauge("pangaea_client_bulkhead_queued", "Calls that wait for a place.");
const bulkheadRefusals = counter("pangaea_client_bulkhead_refusals_total", "Calls refused for want of a place.");

const stateNumbers = { closed: 0, "half-open": 1, open: 2 } as const;

/** The layers that protect calls to services of other processes, and what they remember: one for each process. */
export class ServiceLayers {
  readonly #shared = new Map<string, Shared>();
  /** How often each was used, by the procedure that it stands in for. */
  readonly #fallbacks = new Map<string, { readonly labels: Record<string, string>; value: number }>();

  constructor(private readonly parts: ServiceLayersParts) {
    parts.metrics?.observe(fallbacksUsed, () => [...this.#fallbacks.values()]);
  }

  /** Above the balancer, for calls of one effect. */
  ofService(service: string, effect: Effect): Layer[] {
    // What processes ask each other about themselves must be asked now, and honestly.
    if (isProcessService(service)) return [];
    const { clock, ids, keepsAnswers } = this.parts;
    const { settings, budget } = this.#of(service);
    const again = settings.retry && {
      settings: settings.retry,
      budget,
      clock,
      ids,
      keepsAnswers: keepsAnswers?.(service) ?? false,
    };
    return [
      ...(again === undefined ? [] : [retry(again)]),
      ...(settings.hedge === undefined || effect !== "read" ? [] : [hedging(settings.hedge, budget, clock)]),
    ];
  }

  /** Above all others, for a read for which the calling module has something else; `output` checks that. */
  ofFallback(fallback: Fallback, output: Validator): Layer {
    const { service, method } = fallback;
    const key = `${service}.${method}`;
    const used = this.#fallbacks.get(key) ?? { labels: { service, method }, value: 0 };
    this.#fallbacks.set(key, used);
    return fallbackLayer(fallback, output, () => used.value++);
  }

  /** Below the balancer, for the calls to one endpoint. */
  ofEndpoint(service: string, endpoint: string): EndpointLayers {
    if (isProcessService(service)) return { stack: [], close() {} };
    const { clock, deadlines, metrics } = this.parts;
    const { settings, breakers } = this.#of(service);
    const labels = { service, endpoint };
    const closing: (() => void)[] = [];
    const show = (definition: MetricDefinition, read: () => number) => {
      const stop = metrics?.observe(definition, () => [{ labels, value: read() }]);
      if (stop !== undefined) closing.push(stop);
    };
    const stack: Layer[] = [];
    if (settings.breaker !== undefined) {
      const breaker = new CircuitBreaker(clock, settings.breaker, breakers);
      breakers.add(breaker);
      closing.push(() => breakers.delete(breaker));
      show(breakerState, () => stateNumbers[breaker.state]);
      stack.push(circuitBreaker(breaker, settings.breaker));
    }
    if (settings.bulkhead !== undefined) {
      const places = new Bulkhead(settings.bulkhead);
      show(bulkheadPending, () => places.pending);
      show(bulkheadQueued, () => places.queued);
      show(bulkheadRefusals, () => places.refused);
      stack.push(bulkhead(places, settings.bulkhead));
    }
    if (settings.timeoutMs !== undefined) stack.push(attemptTimeout(deadlines, settings.timeoutMs));
    return {
      stack,
      close() {
        for (const close of closing) close();
      },
    };
  }

  #of(service: string): Shared {
    let shared = this.#shared.get(service);
    if (shared === undefined) this.#shared.set(service, (shared = this.#begin(service)));
    return shared;
  }

  #begin(service: string): Shared {
    const { clock, metrics, resilience = usualResilience } = this.parts;
    const settings = resilience.services.get(service) ?? resilience.default;
    // Hedges need one, too.
    const budget = new RetryBudget(clock, settings.retry ?? usualResilience.default.retry!);
    const labels = { service };
    metrics?.observe(retries, () => [{ labels, value: budget.retries }]);
    metrics?.observe(budgetRefusals, () => [{ labels, value: budget.refused }]);
    metrics?.observe(budgetLeft, () => [{ labels, value: budget.left }]);
    return { settings, budget, breakers: new Set() };
  }
}
