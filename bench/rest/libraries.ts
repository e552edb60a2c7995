const always = ["commander", "croner", "eventemitter3", "inversify", "pino", "reflect-metadata", "yaml", "zod"];
const data = ["better-sqlite3", "kysely"];

/** The libraries, of the framework's dependencies, that each kind of process of the shop loads. A test holds it true. */
export const librariesOf = {
  monolith: [...always, ...data, "express"],
  gateway: [...always, "express"],
  service: [...always, ...data],
  serviceWithoutData: always,
} as const satisfies Record<string, readonly string[]>;
export type Kind = keyof typeof librariesOf;
