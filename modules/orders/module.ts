import { defineModule } from "pangaea";
import { catalog } from "../catalog/contract.js";
import { users } from "../users/contract.js";
import { orders } from "./contract.js";
import { migrations } from "./migrations/index.js";
import { OrdersRepository } from "./orders-repository.js";
import { OrdersService } from "./orders-service.js";
import { cancelOrder } from "./sagas/cancel-order.js";
import { OrderEndings } from "./sagas/order-endings.js";
import { placeOrder } from "./sagas/place-order.js";

export default defineModule({
  contract: orders,
  service: OrdersService,
  requires: [users, catalog],
  bind: [OrdersRepository, OrderEndings],
  migrations,
  sagas: [placeOrder, cancelOrder],
  audit: {
    target: OrdersRepository,
    figures: (repository: OrdersRepository) => repository.figures(),
    equations: ["ordered = inventory.reserved", "sold = inventory.sold", "earned = payments.captured"],
  },
});
