import { storeTimeoutMs } from "./record-store.js";

/** What etcd answered that was not what was asked for. */
export class EtcdRefusal extends Error {
  constructor(
    message: string,
    /** gRPC's number. */
    readonly code: number | undefined,
  ) {
    super(message);
  }
}

/** etcd's JSON gateway: bytes are base64, 64-bit numbers are text. */
export interface EtcdGateway {
  /** Asks, within a deadline of its own, the member that answered last, else the next one. */
  post(path: string, body: object): Promise<Record<string, unknown>>;
  /** Calls `onLine` for each answer of a stream until that ends, fails or `signal` aborts; resolves when it has. */
  stream(path: string, body: object, signal: AbortSignal, onLine: (line: string) => void): Promise<void>;
}

export const base64 = (text: string): string => Buffer.from(text).toString("base64");
export const fromBase64 = (text: unknown): string =>
  Buffer.from(typeof text === "string" ? text : "", "base64").toString();

/** The first key that does not begin with `prefix`, as etcd's ranges end. */
export const afterPrefix = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

export function etcdGateway(endpoints: readonly string[]): EtcdGateway {
  let at = 0;
  const send = (path: string, body: object, signal: AbortSignal): Promise<Response> =>
    fetch(`${endpoints[at % endpoints.length]}${path}`, { method: "POST", body: JSON.stringify(body), signal });
  const askOnce = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const response = await send(path, body, AbortSignal.timeout(storeTimeoutMs));
    const text = await response.text();
    let answer: { code?: number; message?: string; error?: string };
    try {
      // A stream of one answer may end in a line break.
      answer = JSON.parse(text) as typeof answer;
    } catch {
      throw new EtcdRefusal(`status ${response.status} and no JSON; is that etcd?`, undefined);
    }
    if (!response.ok) {
      throw new EtcdRefusal(answer.message ?? answer.error ?? `status ${response.status}`, answer.code);
    }
    return answer;
  };
  return {
    async post(path, body) {
      let trouble: unknown;
      for (let tries = 0; tries < endpoints.length; tries++) {
        try {
          return await askOnce(path, body);
        } catch (error) {
          // Not found (a lease) is an answer; anything else another member may know better.
          if (error instanceof EtcdRefusal && error.code === 5) throw error;
          trouble = error;
          at++;
        }
      }
      throw new Error(reasonOf(trouble), { cause: trouble });
    },
    async stream(path, body, signal, onLine) {
      const response = await send(path, body, signal);
      let rest = "";
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) onLine(line);
      }
    },
  };
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === "TimeoutError") return "etcd does not answer";
  return cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code || message : message;
}
