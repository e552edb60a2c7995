import { defineModule, when } from "pangaea";
import { orders } from "../orders/contract.js";
import { notifications } from "./contract.js";
import { migrations } from "./migrations/index.js";
import { NotificationsRepository } from "./notifications-repository.js";
import { NotificationsService } from "./notifications-service.js";

export default defineModule({
  contract: notifications,
  service: NotificationsService,
  bind: [NotificationsRepository],
  migrations,
  audit: {
    target: NotificationsRepository,
    figures: (repository: NotificationsRepository) => repository.figures(),
    equations: ["confirmations = orders.confirmations", "cancellations = orders.cancellations"],
  },
  on: [
    when(orders.events.confirmed, NotificationsService, (service, order, ctx) =>
      service.notify("order-confirmed", order, ctx),
    ),
    when(orders.events.cancelled, NotificationsService, (service, order, ctx) =>
      service.notify("order-cancelled", order, ctx),
    ),
  ],
});
