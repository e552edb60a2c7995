/** A request that must not be lost on the way. */
export interface PersistentRequest {
  readonly method: string;
  /** With host and port. */
  readonly url: string;
  readonly body?: object;
  /** Makes trying again safe where the request changes something. */
  readonly key?: string;
  /** Milliseconds. */
  readonly giveUpAfterMs: number;
}

/** What came of it. */
export interface Answer {
  /** Undefined where nobody gave a definite answer in time. */
  readonly status: number | undefined;
  readonly text: string;
  readonly attempts: number;
}

const betweenAttemptsMs = 25;
/** A paused process keeps its connections open and says nothing. */
const attemptTimeoutMs = 10_000;

/** Asks, under one key, until the shop gives a definite answer: "not now" (429, 5xx) and a broken line are asked again. */
export async function requestUntilAnswered({
  method,
  url,
  body,
  key,
  giveUpAfterMs,
}: PersistentRequest): Promise<Answer> {
  const giveUp = performance.now() + giveUpAfterMs;
  const headers = { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) };
  let text = "";
  for (let attempts = 1; ; attempts++) {
    try {
      const signal = AbortSignal.timeout(attemptTimeoutMs);
      const response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal });
      text = await response.text();
      if (response.status < 500 && response.status !== 429) return { status: response.status, text, attempts };
      text = `${response.status} ${text}`;
    } catch (error) {
      text = String((error as Error).cause ?? error);
    }
    if (performance.now() > giveUp) return { status: undefined, text, attempts };
    await new Promise((resolve) => setTimeout(resolve, betweenAttemptsMs));
  }
}

const readGiveUpAfterMs = 30_000;

/** What the shop answers to a GET; a line that breaks meanwhile is none of its business. */
export async function read<T>(url: string): Promise<T> {
  const { status, text } = await requestUntilAnswered({ method: "GET", url, giveUpAfterMs: readGiveUpAfterMs });
  if (status !== 200) throw new Error(`GET ${url}: ${status} ${text}`);
  return JSON.parse(text) as T;
}
