import { z } from "zod";
import { read } from "../core/contract.js";
import { defineContract } from "../schema/define-contract.js";

/** What every process answers about itself, under a name of its own: `process-<name>`. */
export const processContract = (process: string) =>
  defineContract(`process-${process}`, 1, {
    procedures: {
      ready: read({
        summary: "What keeps this process from being ready.",
        input: z.object({}),
        output: z.object({ waitingFor: z.array(z.object({ name: z.string(), reason: z.string() })) }),
        deadlineMs: 1_000,
      }),
    },
  });
