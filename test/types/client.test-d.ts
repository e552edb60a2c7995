import { type CallContext, type ClientOf, fail, isError } from "pangaea";
import { ledger, type vault } from "./ledger.test-d.js";

export async function calls(client: ClientOf<typeof ledger>, ctx: CallContext): Promise<string> {
  // Defaults may be left out by who calls, and are there for who reads.
  await client.post({ amount: 1 }, ctx);
  await client.post({ amount: 1, currency: "USD" }, ctx, { idempotencyKey: "k", deadlineMs: 100 });
  const { id, balance } = await client.post({ amount: 1 }, ctx);
  const known: number = balance;

  // @ts-expect-error TS2551: there is no such procedure
  await client.posts({ amount: 1 }, ctx);
  // @ts-expect-error TS2322: an amount is a number
  await client.post({ amount: "1" }, ctx);
  // @ts-expect-error TS2741: an amount must be there
  await client.post({ currency: "USD" }, ctx);
  // @ts-expect-error TS2561: there is no such field
  await client.post({ amount: 1, currencies: "USD" }, ctx);
  // @ts-expect-error TS2554: a call belongs to the work of somebody
  await client.post({ amount: 1 });
  // @ts-expect-error TS2740: a signal is no context
  await client.post({ amount: 1 }, new AbortController().signal);
  // @ts-expect-error TS2353: an option that there is not
  await client.post({ amount: 1 }, ctx, { timeoutMs: 100 });
  // @ts-expect-error TS2339: there is no such field in the answer
  await client.post({ amount: 1 }, ctx).then((posted) => posted.total);
  // @ts-expect-error TS2322: a balance is a number
  const wrong: string = balance;
  // @ts-expect-error TS2540: a client is nobody's to change
  client.get = () => Promise.resolve({ amount: known });
  return id + wrong;
}

// @ts-expect-error TS2739: a client of one contract is none of another
export const mixed = (client: ClientOf<typeof vault>): ClientOf<typeof ledger> => client;

export function errors(error: unknown): string {
  const complete = fail(ledger.errors.CLOSED, { since: "2024", strict: false });
  // @ts-expect-error TS2322: since when is text
  const mistyped = fail(ledger.errors.CLOSED, { since: 2024 });
  // @ts-expect-error TS2741: details without a field they must have
  const incomplete = fail(ledger.errors.CLOSED, {});
  // @ts-expect-error TS2345: an error that declares no details has none
  const unexpected = fail(ledger.errors.EMPTY, { since: "2024" });
  // @ts-expect-error TS2551: there is no such error
  const unknown = fail(ledger.errors.CLOSE);

  if (isError(error, ledger.errors.CLOSED)) {
    const since: string = error.details.since;
    const strict: boolean = error.details.strict;
    // @ts-expect-error TS2339: details have the declared fields and no others
    return `${since} ${strict} ${error.details.until}`;
  }
  // @ts-expect-error TS18046: of anything thrown nothing is known
  if (error.code === "not_found") return "unchecked";
  // @ts-expect-error TS18046: without a definition nothing is known of details
  if (isError(error)) return error.details.since;
  return [complete, mistyped, incomplete, unexpected, unknown].join();
}
