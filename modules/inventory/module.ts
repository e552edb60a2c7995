import { defineModule } from "pangaea";
import { inventory } from "./contract.js";
import { InventoryRepository } from "./inventory-repository.js";
import { InventoryService } from "./inventory-service.js";
import { migrations } from "./migrations/index.js";

export default defineModule({
  contract: inventory,
  service: InventoryService,
  bind: [InventoryRepository],
  migrations,
  audit: {
    target: InventoryRepository,
    figures: (repository: InventoryRepository) => repository.figures(),
    equations: ["supplied = available + reserved + sold"],
  },
});
