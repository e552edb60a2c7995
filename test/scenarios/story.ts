import type { Shop } from "./shop.js";

/** One user story: a sentence about the shop's behaviour, and what proves it. Knows a URL and nothing of the layout. */
export interface Story {
  readonly title: string;
  /** Rejects where the shop behaves otherwise. Runs beside other stories, so it uses only what it made itself. */
  readonly run: (shop: Shop) => Promise<void>;
}
