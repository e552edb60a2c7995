import { inject, injectable } from "inversify";
import { Database, type Tx } from "pangaea";
import { z } from "zod";
import type { Product } from "./contract.js";
import { searchTerm, searchText } from "./domain/search.js";

interface ProductRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly currency: string;
  readonly amount: number;
  readonly search_text: string;
}

interface CatalogTables {
  readonly products: ProductRow;
  readonly seeding: { readonly name: string };
}

/** A place in the list: name and id of the last product seen. */
export const ProductPosition = z.tuple([z.string(), z.string()]);

const productOf = ({ id, name, description, currency, amount }: ProductRow): Product => ({
  id,
  name,
  description,
  price: { currency, amount },
});

/** The products table. */
@injectable()
export class CatalogRepository {
  constructor(@inject(Database) private readonly db: Database<CatalogTables>) {}

  async findMany(ids: readonly string[]): Promise<Product[]> {
    if (ids.length === 0) return [];
    const rows = await this.db.read.selectFrom("products").selectAll().where("id", "in", ids).execute();
    return rows.map(productOf);
  }

  /** At most `count` products by name, from `after` on. */
  async list(
    query: string | undefined,
    after: z.infer<typeof ProductPosition> | undefined,
    count: number,
  ): Promise<Product[]> {
    let select = this.db.read.selectFrom("products").selectAll().orderBy("name").orderBy("id").limit(count);
    if (after !== undefined) {
      select = select.where((eb) => eb(eb.refTuple("name", "id"), ">", eb.tuple(after[0], after[1])));
    }
    const term = searchTerm(query ?? "");
    if (term !== "") {
      // What differs without the term has it: unlike other ways of asking, every database knows this one, without wildcards.
      select = select.where((eb) =>
        eb(eb.fn<string>("replace", ["search_text", eb.val(term), eb.val("")]), "<>", eb.ref("search_text")),
      );
    }
    return (await select.execute()).map(productOf);
  }

  async insert(tx: Tx, product: Product): Promise<void> {
    const { id, name, description, price } = product;
    await this.db
      .in(tx)
      .insertInto("products")
      .values({ id, name, description, ...price, search_text: searchText(product) })
      .execute();
  }

  /** Whether the first products are still to come; says so once. */
  async beginSeeding(tx: Tx): Promise<boolean> {
    const db = this.db.in(tx);
    const { numInsertedOrUpdatedRows } = await db
      .insertInto("seeding")
      .values({ name: "first-products" })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows !== 1n) return false;
    return (await db.selectFrom("products").select("id").limit(1).executeTakeFirst()) === undefined;
  }
}
