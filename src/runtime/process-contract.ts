import { z } from "zod";
import { mutation, read } from "../core/contract.js";
import { defineContract } from "../schema/define-contract.js";

const module = z.string();
const sagaId = z.object({ module, name: z.string(), id: z.string() });
const operator = z.object({ by: z.string(), why: z.string() });

const SagaInfo = z.object({
  name: z.string(),
  id: z.string(),
  version: z.int(),
  isKnown: z.boolean(),
  phase: z.enum(["forward", "undo", "completed", "compensated", "parked", "aborted"]),
  step: z.string().nullable(),
  attempts: z.int(),
  error: z.string().nullable(),
  failure: z.string().nullable(),
  startedAt: z.int(),
  changedAt: z.int(),
});
const Act = operator.extend({ at: z.int(), act: z.enum(["retry", "abort"]) });
const SagaDetails = SagaInfo.extend({ state: z.string(), history: z.array(Act) });

const DeadLetter = z.object({
  number: z.int(),
  event: z.string(),
  id: z.string(),
  key: z.string(),
  attempts: z.int(),
  error: z.string().nullable(),
  parkedAt: z.int(),
  payload: z.string(),
});

const limit = z.int().min(1).max(1_000);
const deadlineMs = 15_000;

/** What an operator may ask of the process that runs a module; each names the module. */
const operations = {
  sagas: read({
    summary: "The sagas of a module that have not ended, the oldest first; with `ended` all of them.",
    input: z.object({ module, limit, ended: z.boolean() }),
    output: z.object({ sagas: z.array(SagaInfo) }),
    deadlineMs,
  }),
  saga: read({ summary: "One saga in full.", input: sagaId, output: SagaDetails, deadlineMs }),
  retrySaga: mutation({
    summary: "Takes a parked saga up again where it stands.",
    input: sagaId.extend(operator.shape),
    output: SagaDetails,
    deadlineMs,
  }),
  abortSaga: mutation({
    summary: "Turns a saga back, parks one that is being undone, ends one that is parked.",
    input: sagaId.extend(operator.shape),
    output: SagaDetails,
    deadlineMs,
  }),
  deadLetters: read({
    summary: "The events that a module could not handle, the oldest first.",
    input: z.object({ module, limit }),
    output: z.object({ deadLetters: z.array(DeadLetter) }),
    deadlineMs,
  }),
  replayDeadLetters: mutation({
    summary: "Handles dead letters again: that of a number with all of its key, or all.",
    input: z.object({ module, number: z.int().optional() }),
    output: z.object({
      handled: z.int(),
      failed: z.array(z.object({ number: z.int(), message: z.string() })),
    }),
    // Each may take as long as a delivery.
    deadlineMs: 300_000,
  }),
  discardDeadLetter: mutation({
    summary: "Gives up a dead letter: it will never have its effect.",
    input: z.object({ module, number: z.int() }).extend(operator.shape),
    output: z.object({}),
    deadlineMs,
  }),
};

const prefix = "process-";

/** Whether a service is what a process answers about itself, and no module's. */
export const isProcessService = (service: string): boolean => service.startsWith(prefix);

/** What every process answers about itself and for the operator of its modules, under a name of its own: `process-<name>`. */
export const processContract = (process: string) =>
  defineContract(`${prefix}${process}`, 1, {
    procedures: {
      ready: read({
        summary: "What keeps this process from being ready.",
        input: z.object({}),
        output: z.object({ waitingFor: z.array(z.object({ name: z.string(), reason: z.string() })) }),
        deadlineMs: 1_000,
      }),
      ...operations,
    },
  });

/** The same for an operator, who knows modules and not where they run; answered by the admin listener alone. */
export const operationsContract = defineContract(`${prefix}operations`, 1, { procedures: operations });
