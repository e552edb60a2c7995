import { get } from "node:http";
import { readSettings } from "../runtime/settings.js";
import { UsageError } from "./usage-error.js";

export interface AdminOptions {
  /** By default this environment's admin listener. */
  readonly url?: string;
  readonly json?: boolean;
}

const answerWithinMs = 10_000;

/** The system's admin listener did not answer. The message says what to do. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

/** Where this environment's system listens for its operator. */
export function adminUrl(): string {
  const { adminPort } = readSettings(process.env);
  if (adminPort !== 0) return `http://127.0.0.1:${adminPort}`;
  throw new UsageError("with port 0 nobody can know where the system listens; name it with --url http://host:port.");
}

/** What the admin listener answers at a path. Throws `NoAnswer`. */
export async function fromAdmin<T>({ url = adminUrl() }: AdminOptions, path: string): Promise<T> {
  if (!URL.canParse(path, url)) throw new UsageError(`--url: ${url} is no address; write http://host:port.`);
  const { status, text } = await answerOf(new URL(path, url)).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ECONNREFUSED") throw new NoAnswer(`${url} does not answer: ${message}`);
    throw new NoAnswer(
      `Nothing listens at ${url}: start the system (npm start), or name where it listens with --url (or PORT, ADMIN_PORT).`,
    );
  });
  const strange = `${url} does not answer as an admin listener does (by default that is at PORT + 1).`;
  if (status !== 200) throw new NoAnswer(`${strange} It says ${status}.`);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new NoAnswer(strange);
  }
}

const answerOf = (url: URL): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: answerWithinMs }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode!, text }));
    });
    request.once("timeout", () => request.destroy(new Error(`nothing within ${answerWithinMs} ms`)));
    request.once("error", reject);
  });

/** Runs a command that asks the admin listener; one that does not answer is said in a line, and fails it. */
export async function asking(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}
