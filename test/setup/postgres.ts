import { once } from "node:events";
import { createServer } from "node:http";
import { type PostgresServer, postgresPrograms, startPostgresServer } from "../../src/testing/postgres-server.js";
import { canInstall, debianLine, installOnDebian } from "./install-on-debian.js";

/**
 * Gives tests that ask for it a PostgreSQL: the one that `PANGAEA_POSTGRES_URL` names, else one that is started when the
 * first test asks, and ended with the run. Where the server is missing it is installed (Debian, as root), or those tests
 * are skipped with a reason; under CI the run fails.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.PANGAEA_POSTGRES_URL) return undefined;
  if (postgresPrograms() === undefined) {
    if (canInstall()) installOnDebian("postgresql");
    else {
      const reason = `no PostgreSQL here; give PANGAEA_POSTGRES_URL, or type: ${debianLine("postgresql")}`;
      if (process.env.CI === "true") throw new Error(reason);
      process.env.PANGAEA_POSTGRES_MISSING = reason;
      return undefined;
    }
  }
  let starting: Promise<PostgresServer> | undefined;
  const door = createServer((_request, response) => {
    starting ??= startPostgresServer();
    starting.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  door.listen(0, "127.0.0.1");
  await once(door, "listening");
  process.env.PANGAEA_POSTGRES_AT = `http://127.0.0.1:${(door.address() as { port: number }).port}`;
  return async () => {
    door.close();
    await (await starting?.catch(() => undefined))?.stop();
  };
}
