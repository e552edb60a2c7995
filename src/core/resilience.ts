/** How calls to one service of another process are protected. Lengths are milliseconds. */
export interface ServiceResilience {
  /** Missing: a call that failed is not tried again. */
  readonly retry: RetrySettings | undefined;
  /** Missing: an endpoint that fails is asked on. */
  readonly breaker: BreakerSettings | undefined;
  /** Missing: any number of calls may be under way. */
  readonly bulkhead: BulkheadSettings | undefined;
  /** How long one attempt may take; missing: as long as the call's deadline. */
  readonly timeoutMs: number | undefined;
  /** Missing: nobody is asked twice at once. */
  readonly hedge: HedgeSettings | undefined;
}

export interface RetrySettings {
  /** How often a call is tried, the first time included. */
  readonly attempts: number;
  /** The longest first pause; each further one may be twice as long. The pause itself is drawn between 0 and that. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Retries and hedges together are at most this share of the calls … */
  readonly budgetRatio: number;
  /** … and this many a second beside, so that a service with few calls can be tried again at all. */
  readonly budgetPerSecond: number;
}

export interface BreakerSettings {
  /** It opens where at least this share of the calls failed … */
  readonly failureRatio: number;
  /** … of at least so many … */
  readonly minCalls: number;
  /** … within the last so many milliseconds. */
  readonly windowMs: number;
  /** How long it is open before a call is let through to see whether the endpoint is back. */
  readonly openMs: number;
}

export interface BulkheadSettings {
  /** Calls under way with one endpoint of the service. */
  readonly concurrent: number;
  /** Calls that wait for a place. */
  readonly queue: number;
}

export interface HedgeSettings {
  /** A read that is not answered after this is asked a second time beside. */
  readonly afterMs: number;
}

/** What a process takes in from outside. */
export interface SheddingSettings {
  /** The number of requests under way moves between these two. */
  readonly minConcurrent: number;
  readonly maxConcurrent: number;
  /** Requests that wait for their turn. */
  readonly queue: number;
  /** Who would have to wait longer is refused at once. */
  readonly maxWaitMs: number;
  /** The event loop is too busy where its turns take longer than this. */
  readonly loopDelayMs: number;
}

/** What is done about an event loop that does not turn. */
export interface LoopSettings {
  /** A turn that takes longer is reported, with the module and procedure that is running. */
  readonly blockedMs: number;
  /** The process is ended after this, so that its supervisor starts another; missing: it is only reported. */
  readonly exitMs: number | undefined;
}

/** All of a system's settings. */
export interface Resilience {
  readonly default: ServiceResilience;
  /** Service name → its settings, where they are not the default's. */
  readonly services: ReadonlyMap<string, ServiceResilience>;
  /** Missing: everything is taken in. */
  readonly shedding: SheddingSettings | undefined;
  readonly loop: LoopSettings;
}

/** What holds where a topology says nothing. */
export const usualResilience: Resilience = {
  default: {
    retry: { attempts: 3, backoffMs: 50, maxBackoffMs: 1_000, budgetRatio: 0.1, budgetPerSecond: 1 },
    breaker: { failureRatio: 0.5, minCalls: 10, windowMs: 10_000, openMs: 1_000 },
    bulkhead: { concurrent: 1_000, queue: 1_000 },
    timeoutMs: undefined,
    hedge: undefined,
  },
  services: new Map(),
  shedding: { minConcurrent: 64, maxConcurrent: 1_000, queue: 1_000, maxWaitMs: 2_000, loopDelayMs: 100 },
  loop: { blockedMs: 1_000, exitMs: undefined },
};
