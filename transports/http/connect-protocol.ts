import {
  type Code,
  codes,
  copyJson,
  errorFrom,
  errorMessageOf,
  errorOf,
  isCode,
  type PangaeaError,
} from "../../src/core/index.js";
import { decodeErrorInfo, encodeErrorInfo, type ErrorInfo } from "./error-info.js";

/** Which procedure a request is for. */
export interface Target {
  readonly service: string;
  readonly version: number;
  readonly method: string;
}

/** The procedure that a request's path names, `/<service>.v<version>/<method>`, or undefined where it names none. */
export function targetOf(path: string): Target | undefined {
  const [, service, version, method] = /^\/([^/?]+)\.v(\d{1,9})\/([^/?]+)$/.exec(path) ?? [];
  if (service === undefined || method === undefined) return undefined;
  try {
    return { service: decodeURIComponent(service), version: Number(version), method: decodeURIComponent(method) };
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Undefined where JSON cannot carry the value: an error must get across even if its details cannot. */
function textOf(details: unknown): string | undefined {
  try {
    return JSON.stringify(details);
  } catch {
    return undefined;
  }
}

const errorInfoType = "google.rpc.ErrorInfo";

/** An error as the protocol's answer. What is not Pangaea's own error says nothing of its cause. */
export function encodeError(error: unknown): { readonly status: number; readonly body: Buffer } {
  const { code, message, reason = "", domain = "", outcome, retryable, details } = errorMessageOf(error);
  const metadata = new Map([
    ["outcome", outcome],
    ["retryable", String(retryable)],
  ]);
  const detailsText = textOf(details);
  if (detailsText !== undefined) metadata.set("details", detailsText);
  const value = encodeErrorInfo({ reason, domain, metadata }).toString("base64").replace(/=+$/, "");
  const debug = { reason, domain, metadata: Object.fromEntries(metadata) };
  const body = JSON.stringify({ code, message, details: [{ type: errorInfoType, value, debug }] });
  return { status: codes[code].http, body: Buffer.from(body) };
}

/** The protocol's code for an answer that did not come from a server speaking it, a proxy's error page for instance. */
function codeOfStatus(status: number): Code {
  switch (status) {
    case 400:
      return "internal";
    case 401:
      return "unauthenticated";
    case 403:
      return "permission_denied";
    case 404:
      return "unimplemented";
    case 429:
    case 502:
    case 503:
    case 504:
      return "unavailable";
    default:
      return "unknown";
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorInfoIn(details: unknown): ErrorInfo | undefined {
  if (!Array.isArray(details)) return undefined;
  const detail: unknown = details.find((each: unknown) => isObject(each) && each.type === errorInfoType);
  if (!isObject(detail) || typeof detail.value !== "string") return undefined;
  return decodeErrorInfo(Buffer.from(detail.value, "base64"));
}

function detailsFrom(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return copyJson(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * The error in an answer whose status is not 200. Its outcome is `unknown` unless the other side is Pangaea and said
 * better: a proxy or another framework does not tell whether a handler ran.
 */
export function decodeError(status: number, body: Buffer): PangaeaError {
  const answer = parseJson(body.toString());
  if (!isObject(answer) || !isCode(answer.code)) {
    return errorOf(codeOfStatus(status), `The answer was HTTP ${status}, not an error of the Connect protocol.`, {
      outcome: "unknown",
    });
  }
  const info = errorInfoIn(answer.details);
  return errorFrom({
    code: answer.code,
    message: typeof answer.message === "string" ? answer.message : "The other side gave no message.",
    reason: info?.reason || undefined,
    domain: info?.domain || undefined,
    outcome: info?.metadata.get("outcome"),
    retryable: info?.metadata.get("retryable") !== "false",
    details: detailsFrom(info?.metadata.get("details")),
  });
}
