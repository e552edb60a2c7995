import type { Contender } from "../contender.js";
import { answer } from "../work.js";

/** The limit in one process: the handler, awaited. */
export const direct: Contender = {
  connect: () => Promise.resolve({ call: answer, stop: () => Promise.resolve() }),
};
