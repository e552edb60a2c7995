import { inject, injectable } from "inversify";
import { type CallContext, Clock, fail, Ids, type Input, type ServiceOf, Work } from "pangaea";
import { type User, users } from "./contract.js";
import { normalEmail } from "./domain/email.js";
import { UsersRepository } from "./users-repository.js";

/** Registers users and tells of them. */
@injectable()
export class UsersService implements ServiceOf<typeof users> {
  constructor(
    @inject(UsersRepository) private readonly repository: UsersRepository,
    @inject(Work) private readonly work: Work,
    @inject(Ids) private readonly ids: Ids,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  create({ name, email }: Input<typeof users, "create">, ctx: CallContext): Promise<User> {
    return this.work.commit(ctx, async (tx) => {
      const user: User = {
        id: `u_${this.ids.uuid()}`,
        name,
        email: normalEmail(email),
        createdAt: new Date(this.clock.wallTime()).toISOString(),
      };
      if (await this.repository.hasEmail(tx, user.email)) throw fail(users.errors.EMAIL_TAKEN);
      await this.repository.insert(tx, user);
      return user;
    });
  }

  async get({ id }: Input<typeof users, "get">): Promise<User> {
    const user = await this.repository.find(id);
    if (user === undefined) throw fail(users.errors.USER_NOT_FOUND);
    return user;
  }
}
