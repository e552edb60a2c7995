import { type ClientOf, defineContract, mutation, read } from "pangaea";
import { z } from "zod";

/** A customer of the shop. */
export const User = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  createdAt: z.iso.datetime(),
});
export type User = z.infer<typeof User>;

/** Who the customers are. An email address belongs to one user at most, in whatever letter case it is written. */
export const users = defineContract("users", 1, {
  errors: {
    EMAIL_TAKEN: { code: "already_exists", message: "Another user has this email address." },
    USER_NOT_FOUND: { code: "not_found", message: "There is no such user." },
  },
  procedures: {
    create: mutation({
      summary: "Registers a user.",
      input: z.object({ name: z.string().min(1).max(200), email: z.email().max(254) }),
      output: User,
      access: "user",
      http: { route: "POST /users", status: 201, idempotencyKey: "optional" },
    }),
    get: read({
      summary: "One user.",
      input: z.object({ id: z.string().min(1).max(100) }),
      output: User,
      access: "user",
      http: { route: "GET /users/:id" },
    }),
  },
});

/** A typed client of users. */
export type UsersClient = ClientOf<typeof users>;
