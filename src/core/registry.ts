/** A process that can be reached, as others see it. */
export interface Instance {
  readonly id: string;
  /** The name of the process in the topology. */
  readonly process: string;
  /** Service name → contract version. */
  readonly services: Readonly<Record<string, number>>;
  /** Service name → the oldest version whose callers it serves, where that is older than its own. */
  readonly accepts?: Readonly<Record<string, number>> | undefined;
  /** Transport name → address. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Its share of the calls beside other instances; 1 is usual. */
  readonly weight: number;
  /** Where it stands, for those who prefer a neighbour. */
  readonly zone?: string | undefined;
  /** It answers what it has and is to get nothing new. */
  readonly isDraining?: boolean | undefined;
  /**
   * Said by who observes it: silent, or blocked, for longer than usual. It is not known to be gone; what is under way
   * with it goes on, and new calls go to others while there are others.
   */
  readonly isSuspect?: boolean | undefined;
}

/** Whether an instance serves callers that were written against `version` of a service. */
export function serves(instance: Pick<Instance, "services" | "accepts">, service: string, version: number): boolean {
  const own = instance.services[service];
  return own !== undefined && version <= own && version >= (instance.accepts?.[service] ?? own);
}

export interface Registration {
  /** Makes known what has changed of the instance; its id stays. */
  update(instance: Instance): Promise<void>;
  close(): Promise<void>;
}

/** Who is where. Absence of the registry leaves its readers on what they last knew. */
export interface Registry {
  /** Makes an instance known until closed or until the process is gone. */
  register(instance: Instance): Promise<Registration>;
  /** Calls `onChange` now and at every change with all known instances; the returned function stops it. */
  watch(onChange: (instances: readonly Instance[]) => void): () => void;
  /** Why it has not been reached since the start; undefined from the first time on, whatever comes later. */
  readonly missing?: string | undefined;
  close(): Promise<void>;
}
