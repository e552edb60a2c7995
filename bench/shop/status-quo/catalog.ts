import { randomUUID } from "node:crypto";
import { products as tables } from "../../../modules/catalog/migrations/0001-products.js";
import { createService, id, list, money, object, Refusal, run } from "./service.js";
import { openStore } from "./store.js";

/** As the catalogue describes it. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly price: { readonly currency: string; readonly amount: number };
}

const text = { type: "string" };
const product = object({ id: text, name: text, description: text, price: money });
const file = await openStore("catalog", tables.up);
const app = createService();

async function find(ids: readonly string[]): Promise<Product[]> {
  const rows = await file.read.selectFrom("products").selectAll().where("id", "in", ids).execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    price: { currency: row.currency, amount: row.amount },
  }));
}

app.get<{ Params: { id: string } }>(
  "/products/:id",
  { schema: { params: object({ id }), response: { 200: product } } },
  async ({ params }) => {
    const [found] = await find([params.id]);
    if (found === undefined) throw new Refusal(404, "PRODUCT_NOT_FOUND", "There is no such product.");
    return found;
  },
);

app.get<{ Querystring: { ids: string } }>(
  "/products",
  { schema: { querystring: object({ ids: text }), response: { 200: object({ products: list(product) }) } } },
  async ({ query }) => ({ products: await find(query.ids.split(",")) }),
);

app.post<{ Body: Omit<Product, "id"> }>(
  "/products",
  { schema: { body: object({ name: id, description: text, price: money }), response: { 201: product } } },
  async ({ body }, reply): Promise<Product> => {
    const created = { id: `p_${randomUUID()}`, ...body };
    const { price, ...rest } = created;
    const search_text = `${body.name} ${body.description}`.toLowerCase();
    await file.write
      .insertInto("products")
      .values({ ...rest, ...price, search_text })
      .execute();
    void reply.code(201);
    return created;
  },
);

await run(app, () => file.close());
