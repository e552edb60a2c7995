import { inject, injectable } from "inversify";
import {
  type CallContext,
  decodeCursor,
  errorFrom,
  errorOf,
  fail,
  Ids,
  type Input,
  type Output,
  pageOf,
  Sagas,
  type ServiceOf,
  Work,
} from "pangaea";
import { CatalogRepository, ProductPosition } from "./catalog-repository.js";
import { catalog, type Product } from "./contract.js";
import { stockProduct } from "./sagas/stock-product.js";

/** Describes what the shop sells. */
@injectable()
export class CatalogService implements ServiceOf<typeof catalog> {
  constructor(
    @inject(CatalogRepository) private readonly repository: CatalogRepository,
    @inject(Work) private readonly work: Work,
    @inject(Sagas) private readonly sagas: Sagas,
    @inject(Ids) private readonly ids: Ids,
  ) {}

  async create(input: Input<typeof catalog, "create">, ctx: CallContext): Promise<Output<typeof catalog, "create">> {
    const { name, description, price, stock } = input;
    const product = await this.work.commit(ctx, async (tx): Promise<Product> => {
      const created = { id: `p_${this.ids.uuid()}`, name, description, price };
      await this.repository.insert(tx, created);
      tx.start(stockProduct, created.id, { productId: created.id, quantity: stock });
      return created;
    });
    const { status, failure } = await this.sagas.settled(stockProduct, product.id, ctx);
    if (status === "completed") return { ...product, available: stock };
    if (failure !== undefined) throw errorFrom(failure);
    throw errorOf("deadline_exceeded", `Product ${product.id} was created, but its stock is not set yet; it will be.`, {
      outcome: "unknown",
    });
  }

  async get({ id }: Input<typeof catalog, "get">): Promise<Product> {
    const [product] = await this.repository.findMany([id]);
    if (product === undefined) throw fail(catalog.errors.PRODUCT_NOT_FOUND, { productId: id });
    return product;
  }

  async getMany({ ids }: Input<typeof catalog, "getMany">): Promise<Output<typeof catalog, "getMany">> {
    return { products: await this.repository.findMany(ids) };
  }

  async list({ query, limit, cursor }: Input<typeof catalog, "list">): Promise<Output<typeof catalog, "list">> {
    const after = decodeCursor(cursor, ProductPosition, catalog.errors.INVALID_CURSOR);
    const rows = await this.repository.list(query, after, limit + 1);
    return pageOf(rows, limit, ({ name, id }) => [name, id]);
  }
}
