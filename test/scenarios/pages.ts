import assert from "node:assert/strict";
import type { Agent } from "supertest";

const maxPages = 200;

/** Follows a list from page to page to its end. Asserts that every page but the last is full and the last says so. */
export async function everyPage<T>(
  agent: Agent,
  path: string,
  query: Readonly<Record<string, string | number>> & { readonly limit: number },
  beforeNextPage: () => Promise<unknown> = () => Promise.resolve(),
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < maxPages; page++) {
    const { body } = await agent
      .get(path)
      .query(cursor === null ? query : { ...query, cursor })
      .expect(200);
    const answer = body as { items: T[]; nextCursor: string | null };
    assert.deepEqual(Object.keys(answer).toSorted(), ["items", "nextCursor"]);
    items.push(...answer.items);
    cursor = answer.nextCursor;
    if (cursor === null) {
      assert.ok(answer.items.length <= query.limit);
      return items;
    }
    assert.equal(answer.items.length, query.limit, "a page that is not the last is full");
    await beforeNextPage();
  }
  throw new Error(`${path} has no last page`);
}
