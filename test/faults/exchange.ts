import { type Agent, request } from "node:http";

export interface Exchange {
  readonly method: string;
  /** Sent as JSON. */
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose connections are used; by default one that is kept for nobody. */
  readonly agent?: Agent;
  /** After so long without a byte nobody waits any more; by default as long as it takes. In milliseconds. */
  readonly giveUpMs?: number;
}

/** One request and its answer, once; rejects where the connection broke. Not by fetch, which tries some things again. */
export function exchange(url: string | URL, options: Exchange): Promise<{ status: number; text: string }> {
  const { method, body, headers, agent, giveUpMs } = options;
  return new Promise((resolve, reject) => {
    const asking = request(
      url,
      { ...(agent && { agent }), method, headers: { "content-type": "application/json", ...headers } },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    if (giveUpMs !== undefined) asking.setTimeout(giveUpMs, () => asking.destroy(new Error("no answer in time")));
    asking.on("error", reject);
    asking.end(body && JSON.stringify(body));
  });
}
