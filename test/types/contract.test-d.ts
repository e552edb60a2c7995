import { defineContract, event, mutation, read } from "pangaea";
import { z } from "zod";

const Empty = z.object({});

export const procedures = [
  read({ input: Empty, output: Empty }),
  read({ input: Empty, output: Empty, access: "public", http: { route: "GET /entries" } }),
  mutation({ input: Empty, output: Empty, access: ["entries:write"], http: { route: "POST /entries" } }),
  // @ts-expect-error TS2345: a route must say who may call it
  read({ input: Empty, output: Empty, http: { route: "GET /entries" } }),
  // @ts-expect-error TS2322: a route begins with a method that there is
  read({ input: Empty, output: Empty, access: "public", http: { route: "FETCH /entries" } }),
  // @ts-expect-error TS2322: a route is a path
  read({ input: Empty, output: Empty, access: "public", http: { route: "GET entries" } }),
  // @ts-expect-error TS2322: access is one of the words there are, or scopes
  read({ input: Empty, output: Empty, access: "everybody", http: { route: "GET /entries" } }),
  // @ts-expect-error TS2345: what comes out is part of the contract
  read({ input: Empty }),
  // @ts-expect-error TS2741: a plain object is no schema
  read({ input: {}, output: Empty }),
];

export const entries = defineContract("entries", 1, {
  procedures: {},
  events: {
    // @ts-expect-error TS2741: an event says how surely it arrives
    kept: event({ payload: z.object({ id: z.string() }), key: ({ id }) => id }),
    // @ts-expect-error TS2322: a key is text, made of the payload
    counted: event({ payload: z.object({ count: z.int() }), key: ({ count }) => count, delivery: "best-effort" }),
    // @ts-expect-error TS2339: a key is made of what the payload has
    lost: event({ payload: z.object({ id: z.string() }), key: ({ name }) => name, delivery: "best-effort" }),
  },
  // @ts-expect-error TS2322: a code is one of the sixteen
  errors: { GONE: { code: "gone" } },
});
