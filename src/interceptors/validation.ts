import type { Call, Layer } from "../core/call.js";
import { errorOf, type PangaeaError } from "../core/error.js";
import type { Logger } from "../core/logger.js";
import { traceFields } from "../core/span.js";
import { invalidArgument, ValidationError, type Validator } from "../core/validation.js";

/** The validators of one procedure. */
export interface Shape {
  readonly input: Validator;
  readonly output: Validator;
}

const nameOf = (call: Call): string => `${call.service}.${call.method}`;

const checkedInput = (call: Call, validate: Validator): unknown => {
  try {
    return validate(call.input);
  } catch (error) {
    throw invalidArgument(`input of ${nameOf(call)}`, error);
  }
};

const withInput = (call: Call, validate: Validator): Call => {
  const input = checkedInput(call, validate);
  return {
    kind: call.kind,
    service: call.service,
    version: call.version,
    method: call.method,
    input,
    effect: call.effect,
    attempt: call.attempt,
    caller: call.caller,
    context: call.context,
  };
};

/** The answer breaks the contract: the service's fault, never the caller's. What is wrong goes to the log, not over the wire. */
const brokenOutput = (call: Call, error: unknown): PangaeaError => {
  if (!(error instanceof ValidationError)) throw error;
  return errorOf("internal", `${nameOf(call)} answered with something its contract does not allow.`, {
    outcome: "failed",
    cause: error,
  });
};

const checked = (call: Call, output: unknown, validate: Validator): unknown => {
  try {
    return validate(output);
  } catch (error) {
    throw brokenOutput(call, error);
  }
};

/** Client side. `remote`: the answer comes from another process and is checked too. */
export const clientValidation = (shape: Shape, remote: boolean): Layer => ({
  role: "validation",
  why: "Before anything is sent: a wrong input is refused here, in every layout alike, and the callee gets a copy of its own.",
  enter(call) {
    // The client has just made it, and nobody else has seen it: it need not be copied for its input's sake.
    (call as { input: unknown }).input = checkedInput(call, shape.input);
    return call;
  },
  ...(remote ? { leave: (output: unknown, call: Call) => checked(call, output, shape.output) } : undefined),
});

/** Server side. `remote`: the input comes from another process and is checked here too. The output always is; a wrong one is logged. */
export const serverValidation = (shape: Shape, remote: boolean, logger: Logger): Layer => ({
  role: "validation",
  why: "Next to the service: it never sees a value its contract does not allow, and the caller gets a copy of the answer.",
  ...(remote ? { enter: (call: Call) => withInput(call, shape.input) } : undefined),
  leave(output, call) {
    try {
      return checked(call, output, shape.output);
    } catch (error) {
      logger.error(`${nameOf(call)} answered against its contract.`, { error, ...traceFields(call.context) });
      throw error;
    }
  },
});
