import { z } from "zod";
import { deploy } from "./deploy.js";
import { OperationRefused, type Rollout } from "./rollout.js";
import type { Supervisor } from "./supervisor.js";
import { type AdminHandler, answerJson, jsonOf } from "./supervisor-admin.js";

const defaultWatchMs = 10_000;

/** What the supervisor's admin listener answers about its own processes: `POST /supervisor/<operation>` takes and gives JSON. */
export function supervisorOperations(
  supervisor: Supervisor,
  rollout: Rollout,
  /** Why a folder cannot be deployed, for people; undefined where it can. */
  whyNoBuild: (folder: string) => string | undefined,
): Map<string, AdminHandler> {
  const processes = () => ({ processes: supervisor.status });
  const operations = new Map<string, (input: unknown) => Promise<unknown>>([
    ["processes", () => Promise.resolve(processes())],
    [
      "restart",
      async (input) => {
        const { process } = z.strictObject({ process: z.string().optional() }).parse(input);
        return { restarted: await rollout.restart(process), ...processes() };
      },
    ],
    [
      "scale",
      async (input) => {
        const { process, replicas } = z.strictObject({ process: z.string(), replicas: z.number() }).parse(input);
        await rollout.scale(process, replicas);
        return processes();
      },
    ],
    [
      "deploy",
      async (input) => {
        const watch = z.number().min(0).max(3_600_000).default(defaultWatchMs);
        const { build, watchMs } = z.strictObject({ build: z.string(), watchMs: watch }).parse(input);
        const why = whyNoBuild(build);
        if (why !== undefined) throw new OperationRefused(why);
        return { deployed: await deploy({ supervisor, rollout, build, watchMs }), ...processes() };
      },
    ],
  ]);
  const handlers = new Map<string, AdminHandler>([
    ["GET /supervisor/processes", (_request, response) => answerJson(response, 200, processes())],
  ]);
  for (const [name, operation] of operations) {
    handlers.set(`POST /supervisor/${name}`, async (request, response) => {
      let input: unknown;
      try {
        input = await jsonOf(request);
      } catch (error) {
        return answerJson(response, 400, { error: (error as Error).message });
      }
      try {
        answerJson(response, 200, await operation(input));
      } catch (error) {
        if (error instanceof z.ZodError) answerJson(response, 400, { error: z.prettifyError(error) });
        else if (error instanceof OperationRefused) answerJson(response, 409, { error: error.message });
        else throw error;
      }
    });
  }
  return handlers;
}
