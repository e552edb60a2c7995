import { assertProblem } from "../problem.js";
import type { Story } from "../story.js";

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const cursors = [
  "nonsense",
  "%%%",
  encoded(null),
  encoded({}),
  encoded([1, 2]),
  encoded(["only one"]),
  encoded("text"),
];

/** A cursor comes back from outside, so it is checked like everything that does. */
export const story: Story = {
  title: "a cursor that no list gave out is refused with 400",
  async run(shop) {
    const customer = await shop.customer();
    const lists = ["/products", `/users/${customer.id}/orders`, `/users/${customer.id}/notifications`];
    await Promise.all(
      lists.flatMap((path) =>
        cursors.map(async (cursor) => {
          const response = await shop.as(customer).get(path).query({ cursor });
          assertProblem(response, { status: 400, code: "invalid_argument", reason: "INVALID_CURSOR" });
        }),
      ),
    );
  },
};
