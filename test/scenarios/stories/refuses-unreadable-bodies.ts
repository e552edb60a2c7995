import { assertProblem } from "../problem.js";
import type { Story } from "../story.js";

const invalid = { status: 400, code: "invalid_argument" };
const unsupported = { status: 415, code: "invalid_argument", reason: "UNSUPPORTED_MEDIA_TYPE" };

/** What is wrong with a body before its fields are looked at. */
export const story: Story = {
  title: "a body that is no JSON object, too large or of another media type is refused with 400, 413 or 415",
  async run(shop) {
    const post = (body: string, type = "application/json") =>
      shop.newcomer().post("/users").set("Content-Type", type).send(body);
    for (const broken of ['{"name":', "{name: 1}", "nonsense", "\u0000", "null", "[]", "17", '"text"']) {
      assertProblem(await post(broken), invalid);
    }
    const large = JSON.stringify({ name: "x".repeat(200_000), email: "a@example.org" });
    assertProblem(await post(large), { status: 413, code: "out_of_range", reason: "BODY_TOO_LARGE" });
    assertProblem(await post("name=Ada", "application/x-www-form-urlencoded"), unsupported);
    assertProblem(await post("<user/>", "application/xml"), unsupported);
    assertProblem(await post('{"name":"Ada"}', "application/json; charset=latin1"), unsupported);
  },
};
