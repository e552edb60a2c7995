import { inject, injectable } from "inversify";
import { type CallContext, Work } from "pangaea";
import { CatalogRepository } from "./catalog-repository.js";
import { firstProducts } from "./domain/first-products.js";
import { stockProduct } from "./sagas/stock-product.js";

/** Fills a new shop with its first products. */
@injectable()
export class CatalogSeed {
  constructor(
    @inject(CatalogRepository) private readonly repository: CatalogRepository,
    @inject(Work) private readonly work: Work,
  ) {}

  /** Does nothing from the second start on. The stock follows by itself once inventory can be reached. */
  async seed(ctx: CallContext): Promise<void> {
    await this.work.commit(ctx, async (tx) => {
      if (!(await this.repository.beginSeeding(tx))) return;
      for (const { product, stock } of firstProducts) {
        await this.repository.insert(tx, product);
        tx.start(stockProduct, product.id, { productId: product.id, quantity: stock });
      }
    });
  }
}
