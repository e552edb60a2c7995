import { randomUUID } from "node:crypto";
import { Client } from "pg";

/** Why there is no PostgreSQL for tests here; undefined where there is one. */
export const postgresMissing: string | undefined = process.env.PANGAEA_POSTGRES_MISSING;

/** Some text for names that no other test has. */
const unique = (): string => randomUUID().replaceAll("-", "").slice(0, 12);

let shared: Promise<string> | undefined;

/** The server that all tests of a run share, started when it is first asked for. */
export const postgresUrl = (): Promise<string> => (shared ??= askForUrl());

async function askForUrl(): Promise<string> {
  if (process.env.PANGAEA_POSTGRES_URL) return process.env.PANGAEA_POSTGRES_URL;
  const answer = await fetch(process.env.PANGAEA_POSTGRES_AT!);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

/** A name for a schema that is this test's alone; the database goes with its server. */
export const newSchema = (): string => `test-${unique()}`;

/** An empty database of this test's own, for a whole system. */
export async function newDatabase(server?: string): Promise<string> {
  const url = new URL(server ?? (await postgresUrl()));
  const name = `test_${unique()}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
  url.pathname = `/${name}`;
  return url.href;
}
