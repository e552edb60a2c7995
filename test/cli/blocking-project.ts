import { ownProject } from "./own-project.js";
import type { folderWith } from "./run-cli.js";

/** Grinds for as long as it is told, and lets nobody else have the event loop. */
const mill = `
import { defineContract, defineModule, mutation } from "pangaea";
import { injectable } from "inversify";
import { z } from "zod";

export const mill = defineContract("mill", 1, {
  procedures: {
    spin: mutation({
      input: z.object({ forMs: z.int() }),
      output: z.object({}),
      access: "public",
      http: { route: "POST /spins" },
    }),
  },
});
function grind(forMs) {
  const until = performance.now() + forMs;
  while (performance.now() < until);
}
class MillService {
  async spin({ forMs }) {
    await null;
    grind(forMs);
    return {};
  }
}
injectable()(MillService);
export default defineModule({ contract: mill, service: MillService });
`;

const topology = (loop: string) =>
  `name: mill\nprocesses:\n  one: { gateway: {}, modules: [mill] }\nresilience: { loop: ${loop} }\n`;

/** A project with a module that blocks the event loop. */
export const blockingProject = (): ReturnType<typeof folderWith> =>
  ownProject(
    "mill",
    { mill },
    {
      report: topology("{ blockedMs: 1000 }"),
      exit: topology("{ blockedMs: 1000, exitMs: 4000 }"),
    },
  );
