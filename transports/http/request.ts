import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { type Code, errorOf, type PangaeaError } from "../../src/core/index.js";

/** Why a request does not become a call. `status` is set where HTTP has a better one than the error's code. */
export interface Refusal {
  readonly error: PangaeaError;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal: no handler ran, and the same request would be refused again. */
export const refusal = (code: Code, message: string, more: Omit<Refusal, "error"> = {}): Refusal => ({
  ...more,
  error: errorOf(code, message, { outcome: "not-executed", retryable: false }),
});

/** What is wrong with the method and headers of a call, if anything is. */
export function refusalOf({ method, headers }: IncomingMessage): Refusal | undefined {
  if (method !== "POST") {
    return refusal("unimplemented", "Calls are sent with POST.", { status: 405, headers: { allow: "POST" } });
  }
  if (headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() !== "application/json") {
    return refusal("invalid_argument", "The content type must be application/json.", { status: 415 });
  }
  if ((headers["content-encoding"] ?? "identity") !== "identity") {
    return refusal("unimplemented", "Compressed bodies are not understood.");
  }
  if ((headers["connect-protocol-version"] ?? "1") !== "1") {
    return refusal("invalid_argument", "Connect-Protocol-Version must be 1.");
  }
  return undefined;
}

/** The body, or undefined where it has more than `maxBytes`; no more than that is held. Rejects if the client goes away. */
export const readBody = (request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> =>
  new Promise((resolve, reject) => {
    if (Number(request.headers["content-length"]) > maxBytes) {
      resolve(undefined);
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
      } else {
        // The rest is still read, and forgotten: a client that is busy sending would not see the answer otherwise.
        chunks.length = 0;
        resolve(undefined);
      }
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", reject);
    request.on("close", () => reject(new Error("The client went away.")));
  });

/** The value that a body holds. No body stands for no value at all, which JSON cannot write. */
export function inputOf(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    if (isUtf8(body)) return JSON.parse(body.toString());
  } catch {
    // Refused below, without repeating what was sent.
  }
  throw refusal("invalid_argument", "The body is not JSON.").error;
}
