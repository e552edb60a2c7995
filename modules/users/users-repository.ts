import { inject, injectable } from "inversify";
import { Database, type Tx } from "pangaea";
import type { User } from "./contract.js";

interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly created_at: string;
}

interface UserTables {
  readonly users: UserRow;
}

const userOf = (row: UserRow): User => ({ id: row.id, name: row.name, email: row.email, createdAt: row.created_at });

/** The users table. Addresses come and go in their normal form. */
@injectable()
export class UsersRepository {
  constructor(@inject(Database) private readonly db: Database<UserTables>) {}

  async find(id: string): Promise<User | undefined> {
    const row = await this.db.read.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
    return row && userOf(row);
  }

  /** Reads inside the commit, so that no other commit can take the address in between. */
  async hasEmail(tx: Tx, email: string): Promise<boolean> {
    const row = await this.db.in(tx).selectFrom("users").select("id").where("email", "=", email).executeTakeFirst();
    return row !== undefined;
  }

  async insert(tx: Tx, { id, name, email, createdAt }: User): Promise<void> {
    await this.db.in(tx).insertInto("users").values({ id, name, email, created_at: createdAt }).execute();
  }
}
