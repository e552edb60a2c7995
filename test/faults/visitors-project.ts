import { ownProject } from "../cli/own-project.js";

/** In which time a visit is answered, as its contract says; long, so that a busy machine keeps it. Milliseconds. */
export const visitDeadlineMs = 10_000;

/** Takes a visitor in, says on which host, and has it written down. */
const front = `
import { clientOf, defineContract, defineModule, mutation } from "pangaea";
import { inject, injectable } from "inversify";
import { z } from "zod";
import { book } from "../book/module.js";

const front = defineContract("front", 1, {
  procedures: {
    visit: mutation({
      input: z.object({ id: z.string() }),
      output: z.object({ host: z.string() }),
      access: "public",
      http: { route: "POST /visits" },
      deadlineMs: ${visitDeadlineMs},
    }),
  },
});
class FrontService {
  constructor(book) {
    this.book = book;
  }
  async visit({ id }, ctx) {
    await this.book.note({ id }, ctx);
    return { host: process.env.HOST_NAME };
  }
}
injectable()(FrontService);
inject(clientOf(book))(FrontService, undefined, 0);
export default defineModule({ contract: front, service: FrontService, requires: [book] });
`;

/** Has a file of its own, and one owner. */
const book = `
import { Database, defineContract, defineModule, mutation, read, Work } from "pangaea";
import { inject, injectable } from "inversify";
import { z } from "zod";

export const book = defineContract("book", 1, {
  procedures: {
    note: mutation({ input: z.object({ id: z.string() }), output: z.object({}), deadlineMs: ${visitDeadlineMs} }),
    visits: read({
      input: z.object({}),
      output: z.object({ ids: z.array(z.string()) }),
      access: "public",
      http: { route: "GET /visits" },
    }),
  },
});
class BookService {
  constructor(db, work) {
    this.db = db;
    this.work = work;
  }
  note({ id }, ctx) {
    return this.work.commit(ctx, async (tx) => {
      await this.db.in(tx).insertInto("visits").values({ id }).execute();
      return {};
    });
  }
  async visits() {
    const rows = await this.db.read.selectFrom("visits").select("id").execute();
    return { ids: rows.map(({ id }) => id) };
  }
}
injectable()(BookService);
inject(Database)(BookService, undefined, 0);
inject(Work)(BookService, undefined, 1);
const visits = {
  name: "0001-visits",
  up: (db) => db.schema.createTable("visits").addColumn("id", "text", (column) => column.notNull()).execute(),
};
export default defineModule({ contract: book, service: BookService, migrations: [visits] });
`;

// Who is silent is suspect before its visitors give up, and gone long after the test. In turns, so that whoever is
// believed to be there is asked soon.
const topology = (transport: string, registry: string) => `name: visitors
processes:
  edge: { gateway: {}, modules: [book] }
  front: { modules: [front] }
routes: { default: ${transport} }
balance: { front: round-robin }
registry: { kind: ${registry}, heartbeatMs: 500, suspectMs: 5000, leaseMs: 60000 }
`;

/** A project that runs on several hosts, over either transport and registry. */
export const visitorsProject = (): ReturnType<typeof ownProject> =>
  ownProject("visitors", { front, book }, { redis: topology("redis", "redis"), http: topology("http", "etcd") });
