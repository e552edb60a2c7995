const string = { type: "string" };
const integer = { type: "integer" };
const object = (properties: Record<string, object>) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
});

/** The question and the answer as JSON Schema, for peers that check and serialize with one. */
export const questionSchema = object({ id: string, reviews: integer, paceMs: { type: "number" } });
export const queryOfQuestionSchema = object({ reviews: integer, paceMs: { type: "number" } });
export const productSchema = object({
  id: string,
  name: string,
  description: string,
  price: object({ currency: string, amount: integer }),
  available: integer,
  tags: { type: "array", items: string },
  reviews: { type: "array", items: object({ author: string, stars: integer, text: string }) },
});
