import { callCases } from "./transport-cases-calls.js";
import { endingCases } from "./transport-cases-endings.js";
import { eventCases } from "./transport-cases-events.js";
import type { TransportCase } from "./transport-subject.js";

export type { TransportCase, TransportSubject } from "./transport-subject.js";

/**
 * What every transport keeps, as data. A test runner loops over it; a case whose `skip(features)` gives a reason does
 * not apply. No case needs a particular runner, and none relies on sleeping.
 */
export const transportCases: readonly TransportCase[] = [...callCases, ...endingCases, ...eventCases];
