import assert from "node:assert/strict";
import type { Response } from "supertest";
import { assertProblem } from "../problem.js";
import { unique } from "../shop.js";
import type { Story } from "../story.js";

const hostile = [
  "' OR 1=1 --",
  "../../etc/passwd",
  "${7*7}",
  "a\u0000b",
  "\ud800",
  "__proto__",
  "%00",
  "😈".repeat(30),
];

/** Any answer but a problem of the client's own making means that something inside has broken. */
function assertSober(response: Response): void {
  assert.ok(response.status < 500, `${response.status} ${response.text}`);
  if (response.status < 400) return;
  const { code, reason } = response.body as { code: string; reason?: string };
  assertProblem(response, { status: response.status, code, reason });
}

/** `assertProblem` looks into every error for stacks, queries and places in files. */
export const story: Story = {
  title: "hostile text gets an ordinary answer, and no error says anything of what is inside",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product();
    const key = unique();
    for (const text of hostile) {
      const inPath = encodeURIComponent(text.toWellFormed());
      const order = {
        userId: text,
        items: [{ productId: text, quantity: 1 }],
        payment: { token: text },
      };
      const answers = await Promise.all([
        shop.anyone().get(`/users/${inPath}`),
        shop.anyone().get(`/products/${inPath}`),
        shop.as(customer).get(`/orders/${inPath}`),
        shop.as(customer).post(`/orders/${inPath}/cancel`),
        shop.anyone().get(`/products?query=${inPath}&limit=1`),
        shop.anyone().get(`/products?cursor=${inPath}`),
        shop
          .newcomer()
          .post("/users")
          .send({ name: text, email: `${unique()}@example.org` }),
        shop.newcomer().post("/users").send({ name: "Ada", email: text }),
        shop.as(customer).post("/orders").send(order),
        shop
          .as(customer)
          .post("/orders")
          .send({ ...order, userId: customer.id }),
        shop
          .as(customer)
          .post("/orders")
          .send({ ...order, userId: customer.id, items: [{ productId: product.id, quantity: 1 }] }),
        shop.staff().post(`/products/${product.id}/stock`).set("Idempotency-Key", key).send({ delta: text }),
      ]);
      for (const answer of answers) assertSober(answer);
    }
    const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
    const nested = `{"name":"Ada","email":"${unique()}@example.org","extra":${deep}}`;
    assertSober(await shop.newcomer().post("/users").type("application/json").send(nested));
    assert.equal(await shop.available(product), 10);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  },
};
