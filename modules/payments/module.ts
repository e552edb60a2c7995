import { defineModule } from "pangaea";
import { payments } from "./contract.js";
import { migrations } from "./migrations/index.js";
import { PaymentsRepository } from "./payments-repository.js";
import { PaymentsService } from "./payments-service.js";

export default defineModule({
  contract: payments,
  service: PaymentsService,
  bind: [PaymentsRepository],
  migrations,
  audit: {
    target: PaymentsRepository,
    figures: (repository: PaymentsRepository) => repository.figures(),
    equations: [],
  },
});
