import { request } from "node:http";
import type { ProcessStatus } from "../runtime/supervisor.js";
import { adminUrl } from "./admin-answers.js";
import { table } from "./table.js";

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Asks the supervisor of a running system for an operation, which takes as long as it takes, and gives back what it
 * answers; undefined where it cannot be done, which has been said on stderr then.
 */
export async function askSupervisor(
  operation: string,
  input: object,
  { url = adminUrl() }: { readonly url?: string | undefined },
): Promise<Readonly<Record<string, unknown>> | undefined> {
  let answer: Answer;
  try {
    answer = await post(new URL(`/supervisor/${operation}`, url), input);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ECONNREFUSED" ? "Nothing listens" : `The supervisor does not answer (${message})`;
    process.stderr.write(
      `${why} at ${url}: start the system with "pangaea split", or name where its supervisor listens with --url (or PORT, ADMIN_PORT).\n`,
    );
    return undefined;
  }
  if (answer.status === 200) return answer.body;
  const { error } = answer.body;
  process.stderr.write(
    answer.status === 404 || typeof error !== "string"
      ? `The system at ${url} runs as one process, without a supervisor: it is restarted by stopping and starting it. "pangaea split" runs it under one.\n`
      : `${error}\n`,
  );
  return undefined;
}

const post = (url: URL, input: object): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asking = request(url, { method: "POST", headers: { "content-type": "application/json" } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer["body"] });
        } catch {
          resolve({ status: 404, body: {} });
        }
      });
    });
    asking.on("error", reject);
    asking.end(JSON.stringify(input));
  });

/** The processes of a system as a person reads them. */
export function processTable(processes: readonly ProcessStatus[]): string {
  const rows = processes.map(({ name, pid, state, restarts, build }) => [
    name,
    String(pid ?? "-"),
    state,
    String(restarts),
    build ?? "-",
  ]);
  return table(["process", "pid", "state", "crashes", "build"], rows);
}
