import { defineModule } from "pangaea";
import { catalog } from "../catalog/contract.js";
import { inventory } from "../inventory/contract.js";
import { notifications } from "../notifications/contract.js";
import { orders } from "../orders/contract.js";
import { users } from "../users/contract.js";
import { storefront } from "./contract.js";
import { StorefrontService } from "./storefront-service.js";

export default defineModule({
  contract: storefront,
  service: StorefrontService,
  requires: [users, orders, notifications, catalog, inventory],
});
