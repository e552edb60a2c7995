import type { Product, Question } from "./work.js";

/** Who is compared with whom: contenders of one area run in the same rounds. */
export const areas = ["local", "http", "redis", "gateway"] as const;
export type Area = (typeof areas)[number];

/** What the run gives every process of a contender. */
export interface Surroundings {
  readonly redisUrl: string;
  /** The headers that the Pangaea gateway puts on every answer: the others of its area send the same. */
  readonly edgeHeaders: Readonly<Record<string, string>>;
}

/** The answering end. It runs in a process of its own, except in the area `local`, where there is none. */
type Serve = (surroundings: Surroundings) => Promise<{
  /** Whatever the asking end needs to find this one. */
  readonly address: string;
  stop(): Promise<void>;
}>;

/** The asking end. */
export type Connect = (
  address: string,
  surroundings: Surroundings,
) => Promise<{
  call(question: Question): Promise<Product>;
  stop(): Promise<void>;
}>;

/** One way of asking another part of a system, set up as its documentation recommends for production. */
export interface Contender {
  readonly serve?: Serve;
  readonly connect: Connect;
}

/** A contender on the list. */
export interface Entry {
  readonly name: string;
  readonly area: Area;
  /** The peer's packages, from `bench/package.json`; none where only this project's own are used. */
  readonly packages: readonly string[];
  /** How it is set up, for the reader of the results. */
  readonly setup: string;
  /** Its code, and with it its packages, is loaded only where it runs. */
  load(): Promise<Contender>;
}
