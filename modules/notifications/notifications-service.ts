import { inject, injectable } from "inversify";
import {
  type CallContext,
  Clock,
  decodeCursor,
  Ids,
  type Input,
  type Output,
  pageOf,
  type ServiceOf,
  Work,
} from "pangaea";
import type { OrderEvent } from "../orders/contract.js";
import { type NotificationKind, notifications } from "./contract.js";
import { NotificationPosition, NotificationsRepository } from "./notifications-repository.js";

/** Keeps what users are told. */
@injectable()
export class NotificationsService implements ServiceOf<typeof notifications> {
  constructor(
    @inject(NotificationsRepository) private readonly repository: NotificationsRepository,
    @inject(Work) private readonly work: Work,
    @inject(Ids) private readonly ids: Ids,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async list({
    id,
    limit,
    cursor,
  }: Input<typeof notifications, "list">): Promise<Output<typeof notifications, "list">> {
    const after = decodeCursor(cursor, NotificationPosition, notifications.errors.INVALID_CURSOR);
    const rows = await this.repository.list(id, after, limit + 1);
    return pageOf(rows, limit, (notification) => [notification.createdAt, notification.id]);
  }

  /** Tells a user what became of an order. */
  async notify(kind: NotificationKind, { orderId, userId }: OrderEvent, ctx: CallContext): Promise<void> {
    const createdAt = new Date(this.clock.wallTime()).toISOString();
    await this.work.commit(ctx, (tx) =>
      this.repository.insert(tx, userId, { id: `n_${this.ids.uuid()}`, kind, orderId, createdAt }),
    );
  }
}
