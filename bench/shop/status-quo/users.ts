import { randomUUID } from "node:crypto";
import { users as tables } from "../../../modules/users/migrations/0001-users.js";
import { createService, id, object, Refusal, run } from "./service.js";
import { commit, openStore } from "./store.js";

interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly createdAt: string;
}

const text = { type: "string" };
const user = object({ id: text, name: text, email: text, createdAt: text });
const file = await openStore("users", tables.up);
const app = createService();

app.get<{ Params: { id: string } }>(
  "/users/:id",
  { schema: { params: object({ id }), response: { 200: user } } },
  async ({ params }): Promise<User> => {
    const row = await file.read.selectFrom("users").selectAll().where("id", "=", params.id).executeTakeFirst();
    if (row === undefined) throw new Refusal(404, "USER_NOT_FOUND", "There is no such user.");
    return { id: row.id, name: row.name, email: row.email, createdAt: row.created_at };
  },
);

app.post<{ Body: { name: string; email: string } }>(
  "/users",
  { schema: { body: object({ name: { ...id, maxLength: 200 }, email: text }), response: { 201: user } } },
  async ({ body }, reply): Promise<User> => {
    const email = body.email.trim().toLowerCase();
    const created = { id: `u_${randomUUID()}`, name: body.name, email, createdAt: new Date().toISOString() };
    await commit(file, async (db) => {
      const taken = await db.selectFrom("users").select("id").where("email", "=", email).executeTakeFirst();
      if (taken !== undefined) throw new Refusal(409, "EMAIL_TAKEN", "Another user has this email address.");
      const { createdAt: created_at, ...rest } = created;
      await db
        .insertInto("users")
        .values({ ...rest, created_at })
        .execute();
    });
    void reply.code(201);
    return created;
  },
);

await run(app, () => file.close());
