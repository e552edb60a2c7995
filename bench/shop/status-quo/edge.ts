import type { Product } from "./catalog.js";
import { peer } from "./peer.js";
import { createService, id, list, money, object, run } from "./service.js";

interface Levels {
  readonly levels: { readonly productId: string; readonly available: number }[];
}

const text = { type: "string" };
const quantity = { type: "integer", minimum: 1, maximum: 1_000 };
const item = object({ productId: text, quantity, price: money });
const order = object({ id: text, userId: text, status: text, items: list(item), total: money, createdAt: text });
const product = object({
  id: text,
  name: text,
  description: text,
  price: money,
  available: { type: ["integer", "null"] },
});
const [users, catalog, inventory, orders] = [peer("users"), peer("catalog"), peer("inventory"), peer("orders")];
const app = createService();
app.addHook("onRequest", (request, reply, done) => {
  void reply.header("x-request-id", request.id);
  done();
});

app.get<{ Params: { id: string } }>(
  "/products/:id",
  { schema: { params: object({ id }), response: { 200: product } } },
  async ({ id: requestId, params }) => {
    const path = encodeURIComponent(params.id);
    const [found, levels] = await Promise.all([
      catalog.get<Product>(`/products/${path}`, { requestId }),
      inventory.get<Levels>(`/levels?ids=${path}`, { requestId }).catch(() => null),
    ]);
    return { ...found, available: levels === null ? null : (levels.levels[0]?.available ?? 0) };
  },
);

app.post<{ Body: object; Headers: { "idempotency-key"?: string } }>(
  "/orders",
  {
    schema: {
      body: object({
        userId: id,
        items: list(object({ productId: id, quantity }), 1, 50),
        payment: object({ token: { ...id, maxLength: 200 } }),
      }),
      response: { "2xx": order },
    },
  },
  async ({ id: requestId, body, headers }, reply) => {
    const placed = await orders.post<{ status: string }>("/orders", body, { requestId }, headers["idempotency-key"]);
    void reply.code(placed.status === "pending" ? 202 : 201);
    return placed;
  },
);

app.post<{ Body: object }>(
  "/users",
  { schema: { body: { type: "object" } } },
  async ({ id: requestId, body }, reply) => {
    void reply.code(201);
    return users.post("/users", body, { requestId });
  },
);

app.post<{ Body: Product & { stock: number } }>(
  "/products",
  { schema: { body: { type: "object" } } },
  async ({ id: requestId, body }, reply) => {
    const { stock, ...described } = body;
    const created = await catalog.post<Product>("/products", described, { requestId });
    await inventory.put(`/levels/${created.id}`, { quantity: stock }, { requestId });
    void reply.code(201);
    return { ...created, available: stock };
  },
);

app.get("/readyz", { schema: {} }, async ({ id: requestId }) => {
  const peers = [users, catalog, inventory, orders];
  await Promise.all(peers.map((one) => one.get("/healthz", { requestId })));
  return { status: "ready" };
});

await run(app, async () => {
  await Promise.all([users, catalog, inventory, orders].map((one) => one.close()));
});
