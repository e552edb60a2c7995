import { Pool } from "undici";
import { Refusal, type Trace } from "./service.js";

const timeoutMs = 5_000;

/** Another service, asked over a pool of kept connections, one request a call. */
export class Peer {
  readonly #pool: Pool;

  constructor(url: string) {
    this.#pool = new Pool(url, { connections: 32, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  }

  get<T>(path: string, trace: Trace): Promise<T> {
    return this.#send<T>("GET", path, { "x-request-id": trace.requestId }, undefined);
  }

  post<T>(path: string, body: object, trace: Trace, idempotencyKey?: string): Promise<T> {
    return this.#send<T>("POST", path, headersOf(trace, idempotencyKey), JSON.stringify(body));
  }

  put<T>(path: string, body: object, trace: Trace): Promise<T> {
    return this.#send<T>("PUT", path, headersOf(trace), JSON.stringify(body));
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #send<T>(
    method: "GET" | "POST" | "PUT",
    path: string,
    headers: Record<string, string>,
    body: string | undefined,
  ): Promise<T> {
    const response = await this.#pool.request({ method, path, headers, body });
    const answer = JSON.parse(await response.body.text()) as T & { reason: string; detail: string };
    if (response.statusCode >= 400) throw new Refusal(response.statusCode, answer.reason, answer.detail);
    return answer;
  }
}

function headersOf({ requestId }: Trace, idempotencyKey?: string): Record<string, string> {
  const headers: Record<string, string> = { "content-type": "application/json", "x-request-id": requestId };
  if (idempotencyKey !== undefined) headers["idempotency-key"] = idempotencyKey;
  return headers;
}

/** The peer whose address stands in the environment: `USERS_URL` for `users`. */
export const peer = (name: string): Peer => new Peer(process.env[`${name.toUpperCase()}_URL`]!);
