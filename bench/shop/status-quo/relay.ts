import type { SqliteFile } from "../../../src/storage/sqlite-file.js";
import type { Peer } from "./peer.js";

const subscriber = "notifications";

/** Brings events from the outbox to notifications, in commit order, until each is confirmed. */
export class Relay {
  readonly #file: SqliteFile;
  readonly #peer: Peer;
  #running = false;
  #again = false;
  #position: number | undefined;
  #stopped = false;

  constructor(file: SqliteFile, to: Peer) {
    this.#file = file;
    this.#peer = to;
  }

  /** Says that the outbox may have grown. */
  wake(): void {
    this.#again = true;
    if (!this.#running && !this.#stopped) void this.#run();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let failures = 0; this.#again && !this.#stopped;) {
      this.#again = false;
      try {
        if (await this.#deliver()) this.#again = true;
        failures = 0;
      } catch {
        this.#again = true;
        await new Promise((resolve) => setTimeout(resolve, Math.min(25 * 2 ** failures++, 5_000)));
      }
    }
    this.#running = false;
  }

  async #deliver(): Promise<boolean> {
    const db = this.#file.write;
    if (this.#position === undefined) {
      const cursor = await db
        .selectFrom("pangaea_cursor")
        .select("position")
        .where("subscriber", "=", subscriber)
        .executeTakeFirst();
      this.#position = cursor?.position ?? 0;
    }
    const start: number = this.#position!;
    const rows = await db
      .selectFrom("pangaea_outbox")
      .selectAll()
      .where("position", ">", start)
      .orderBy("position")
      .limit(100)
      .execute();
    try {
      for (const { id, name, payload, headers, position } of rows) {
        const requestId = JSON.parse(headers)["x-request-id"];
        if (name === "confirmed") {
          await this.#peer.post("/order-events", { id, name, ...JSON.parse(payload) }, { requestId });
        }
        this.#position = position;
      }
    } finally {
      if (this.#position! > start) {
        await db.replaceInto("pangaea_cursor").values({ subscriber, position: this.#position }).execute();
      }
    }
    return rows.length > 0;
  }
}
