import type { EndpointLayers } from "../client/endpoint.js";
import type { Layer, Stack } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import type { Contract, Procedure } from "../core/contract.js";
import { Deadlines } from "../core/deadline.js";
import type { Failpoints } from "../core/failpoints.js";
import type { Fallback } from "../core/fallback.js";
import type { Ids } from "../core/ids.js";
import type { Logger } from "../core/logger.js";
import type { Meters } from "../core/meter.js";
import type { Metrics } from "../core/metrics.js";
import { eventMethod, type Subscription } from "../core/module.js";
import { type Resilience, usualResilience } from "../core/resilience.js";
import type { Schema } from "../core/schema.js";
import type { Tracer, Within } from "../core/span.js";
import type { Validator } from "../core/validation.js";
import type { Answers } from "../core/work.js";
import { accessLog } from "../interceptors/access-log.js";
import { clientDeadline, serverDeadline } from "../interceptors/deadline.js";
import { errorBoundary } from "../interceptors/error-boundary.js";
import { idempotency } from "../interceptors/idempotency.js";
import { loadShedding } from "../interceptors/load-shedding.js";
import { clientMetrics, serverMetrics } from "../interceptors/metrics.js";
import { serverTracing, tracing } from "../interceptors/tracing.js";
import { clientValidation, serverValidation } from "../interceptors/validation.js";
import { compiledValidatorOf } from "../schema/compiled-validator.js";
import type { ProcessOptions } from "./process-runtime.js";
import { admissionTo } from "./admission-to.js";
import { isProcessService } from "./process-contract.js";
import { ServiceLayers } from "./service-layers.js";

/** What the layers, and the modules, need of the process they run in. */
export interface StackParts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly deadlines: Deadlines;
  /** By default without effect. */
  readonly failpoints?: Failpoints;
  /** By default nobody looks. */
  readonly metrics?: Metrics;
  /** By default the usual. */
  readonly resilience?: Resilience | undefined;
  /** Whether a service keeps the answers of keyed calls; by default none does. */
  readonly keepsAnswers?: (service: string) => boolean;
  /** By default calls are not counted. */
  readonly meters?: Meters;
  /** By default spans have ids and are not recorded. */
  readonly tracer?: Tracer;
  /** By default a module's code runs without anybody knowing on behalf of which call. */
  readonly within?: Within;
  /** Changes a stack before it is built. For tests that add an interceptor or leave one out, to see what breaks. */
  readonly revise?: (stack: Stack, place: "client" | "endpoint" | "server" | "event", remote: boolean) => Stack;
}

/** The parts of one process: its topology's settings, and deadlines of its own. */
export const partsOf = ({ parts, telemetry, topology, modules }: ProcessOptions): StackParts => ({
  resilience: topology.resilience,
  keepsAnswers: (service) => modules.get(service)?.migrations !== undefined,
  ...parts,
  metrics: telemetry?.metrics,
  meters: telemetry?.meters,
  tracer: telemetry?.tracer,
  deadlines: new Deadlines(parts.clock),
});

/** The order of every stack stands here and nowhere else. `remote`: the call crosses, or has crossed, a process boundary. */
export interface Stacks {
  /** `fallback`: of the module that calls, for this procedure. */
  client(contract: Contract, method: string, remote: boolean, fallback?: Fallback): Stack;
  /** Below the balancer: for the calls to one endpoint of a service in another process. */
  endpoint(service: string, endpoint: string): EndpointLayers;
  /** `answers`: of the module's keyed calls; without a database it has none. */
  server(contract: Contract, method: string, remote: boolean, answers?: Answers): Stack;
  /** `inbox`: for a subscriber with a database. */
  event(subscriber: Contract, subscription: Subscription, remote: boolean, inbox?: Layer): Stack;
}

const anything = (value: unknown): unknown => value;

export function createStacks(parts: StackParts): Stacks {
  const { clock, ids, logger, deadlines, meters, tracer, revise = (stack) => stack } = parts;
  // One for all stacks of a process: a schema is compiled once.
  const validators = new Map<Schema, Validator>();
  const validatorOf = (schema: Schema): Validator => {
    let validator = validators.get(schema);
    if (validator === undefined) validators.set(schema, (validator = compiledValidatorOf(schema)));
    return validator;
  };
  const shapeOf = ({ input, output }: Procedure) => ({ input: validatorOf(input), output: validatorOf(output) });
  const layers = new ServiceLayers(parts);
  const { shedding } = parts.resilience ?? usualResilience;
  const admission = admissionTo("calls", parts);
  const logged = logger.debugging ? [accessLog(clock, logger)] : [];
  const onlyRemote = (remote: boolean, layer: () => Layer): Layer[] => (remote ? [layer()] : []);
  // What processes ask each other about themselves is no work of the system's: it would only hide that.
  const client = (contract: Contract, method: string, remote: boolean): Stack => {
    if (isProcessService(contract.name)) return [tracing(ids, false)];
    const metered = remote && meters !== undefined;
    return [
      tracing(ids, remote, tracer),
      ...(metered ? [clientMetrics(meters.of("client", contract.name, method))] : []),
    ];
  };
  const server = (contract: Contract, method: string, enters: boolean): Stack => {
    if (isProcessService(contract.name)) return [];
    return [
      ...(enters && tracer !== undefined ? [serverTracing(tracer)] : []),
      ...(meters === undefined ? [] : [serverMetrics(meters.of("server", contract.name, method))]),
    ];
  };
  return {
    client(contract, method, remote, fallback) {
      const procedure = contract.procedures[method]!;
      const stack = [
        ...client(contract, method, remote),
        ...(fallback === undefined ? [] : [layers.ofFallback(fallback, validatorOf(procedure.output))]),
        clientValidation(shapeOf(procedure), remote),
        clientDeadline(deadlines),
        ...(remote ? layers.ofService(contract.name, procedure.effect) : []),
      ];
      return revise(stack, "client", remote);
    },
    endpoint(service, endpoint) {
      const own = layers.ofEndpoint(service, endpoint);
      return { ...own, stack: revise(own.stack, "endpoint", true) };
    },
    server(contract, method, remote, answers) {
      const procedure = contract.procedures[method]!;
      const shape = shapeOf(procedure);
      const stack = [
        ...server(contract, method, remote),
        ...logged,
        ...onlyRemote(remote, () => serverDeadline(deadlines)),
        // How a process is must be known above all when it has too much to do.
        ...(!remote || shedding === undefined || admission === undefined || isProcessService(contract.name)
          ? []
          : [loadShedding(admission, shedding)]),
        serverValidation(shape, remote, logger),
        ...(procedure.effect === "read" ? [] : [idempotency(answers)]),
        errorBoundary(contract, logger),
      ];
      return revise(stack, "server", remote);
    },
    event(subscriber, subscription, remote, inbox) {
      const shape = { input: validatorOf(subscription.event.payload), output: anything };
      // The payload comes out of the outbox as text, in every layout: it is checked like anything that was decoded.
      const stack = [
        ...(inbox === undefined || subscription.event.delivery !== "at-least-once" ? [] : [inbox]),
        ...server(subscriber, eventMethod(subscription.event), true),
        ...logged,
        ...onlyRemote(remote, () => serverDeadline(deadlines)),
        serverValidation(shape, true, logger),
        errorBoundary(subscriber, logger),
      ];
      return revise(stack, "event", remote);
    },
  };
}
