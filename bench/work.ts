/** What every contender is asked: about 40 bytes of JSON. */
export interface Question {
  readonly id: string;
  /** How many reviews the reply carries: its size. */
  readonly reviews: number;
  /** The handler takes a random time between nothing and this, in milliseconds. */
  readonly paceMs: number;
}

/** What every contender answers: about 290 bytes of JSON, and about 100 more for each review. */
export interface Product {
  id: string;
  name: string;
  description: string;
  price: { currency: string; amount: number };
  available: number;
  tags: string[];
  reviews: { author: string; stars: number; text: string }[];
}

/** Reviews that make a reply of about so many bytes. */
export const sizes = { "290 B": 0, "4 kB": 38, "64 kB": 650 } as const;
export type Size = keyof typeof sizes;

const description =
  "A keyboard with 87 keys, brown switches and a frame of brushed aluminium; the cable can be taken off, and a bag for it comes along.";
const review = { author: "u_5021", stars: 4, text: "Quiet enough for the office, and it has not missed a key yet." };

const productOf = ({ id, reviews }: Question): Product => ({
  id,
  name: "Mechanical keyboard, tenkeyless",
  description,
  price: { currency: "EUR", amount: 8900 },
  available: 17,
  tags: ["keyboard", "usb", "office"],
  reviews: reviews === 0 ? [] : Array.from({ length: reviews }, () => ({ ...review })),
});

/** The handler behind every contender. */
export async function answer(question: Question): Promise<Product> {
  if (question.paceMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * question.paceMs));
  return productOf(question);
}
