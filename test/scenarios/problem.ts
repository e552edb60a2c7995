import assert from "node:assert/strict";
import type { Response } from "supertest";

/** An error as a story expects it. Without a `reason` there must be none. */
export interface ExpectedProblem {
  readonly status: number;
  readonly code: string;
  readonly reason?: string;
}

/** A body as RFC 9457 and the shop's API describe it. */
export interface ProblemBody {
  readonly detail: string;
  readonly details?: { readonly violations?: readonly { readonly path: string; readonly message: string }[] };
}

/** What no error may let out: stacks, places in files, queries, names of what it is built from. */
const secrets = [
  /\n\s+at /,
  /node:internal|node_modules/,
  /\.[jt]s:\d+/,
  /\/(home|root|tmp|usr|var|work|dist|data)\//,
  /\b(select|insert into|update|delete from)\b.+\b(from|where|values|set)\b/i,
  /sqlite|kysely|constraint failed|ioredis|ECONN/i,
];

/** Asserts that an answer is this error, in full: media type, every member, and nothing that belongs in a log. */
export function assertProblem(response: Response, expected: ExpectedProblem): ProblemBody {
  const seen = `${response.status} ${response.text}`;
  assert.equal(response.status, expected.status, seen);
  assert.equal(response.type, "application/problem+json", seen);
  const { type, title, status, detail, code, reason, ...others } = response.body as Record<string, unknown>;
  assert.deepEqual({ status, code, reason }, { reason: undefined, ...expected }, seen);
  assert.ok(type === "about:blank" || URL.canParse(String(type)), `type is no URI: ${seen}`);
  assert.ok(typeof title === "string" && title !== "", `no title: ${seen}`);
  assert.ok(typeof detail === "string" && detail !== "", `no detail: ${seen}`);
  const unexpected = Object.keys(others).filter((name) => name !== "details" && name !== "requestId");
  assert.deepEqual(unexpected, [], seen);
  assert.equal(others.requestId, response.headers["x-request-id"], seen);
  for (const secret of secrets) assert.doesNotMatch(response.text, secret);
  return response.body as ProblemBody;
}

/** Asserts that a request was refused because of exactly these fields, each written like `items[0].quantity`. */
export function assertViolations(response: Response, ...paths: string[]): void {
  const { details } = assertProblem(response, { status: 400, code: "invalid_argument" });
  const named = (details?.violations ?? []).map(({ path }) => path);
  assert.deepEqual([...new Set(named)].toSorted(), paths.toSorted(), response.text);
  for (const { message } of details!.violations!) assert.notEqual(message, "", response.text);
}
