import { defineModule } from "pangaea";
import { CatalogRepository } from "./catalog-repository.js";
import { CatalogSeed } from "./catalog-seed.js";
import { CatalogService } from "./catalog-service.js";
import { catalog } from "./contract.js";
import { migrations } from "./migrations/index.js";
import { stockProduct } from "./sagas/stock-product.js";

export default defineModule({
  contract: catalog,
  service: CatalogService,
  bind: [CatalogRepository, CatalogSeed],
  migrations,
  sagas: [stockProduct],
  prepare: { target: CatalogSeed, run: (seed: CatalogSeed, ctx) => seed.seed(ctx) },
});
