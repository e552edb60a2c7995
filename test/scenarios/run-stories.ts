import { allStories } from "./all-stories.js";
import { Shop } from "./shop.js";
import type { Story } from "./story.js";

/** How one story ended, and how long it took in milliseconds. */
export interface StoryResult {
  readonly title: string;
  readonly durationMs: number;
  /** What went otherwise than told; undefined where nothing did. */
  readonly error: Error | undefined;
}

/** What to run and how much of it at once. */
export interface RunOptions {
  /** By default every story on disk. */
  readonly stories?: readonly Story[];
  readonly atOnce?: number;
  readonly onResult?: (result: StoryResult) => void;
}

/** Runs stories against a shop that is up, wherever and in whatever layout; never rejects because of a story. */
export async function runStories(url: string, options: RunOptions = {}): Promise<StoryResult[]> {
  const { atOnce = 5, onResult = () => {} } = options;
  const waiting = [...(options.stories ?? (await allStories()))];
  const results: StoryResult[] = [];
  const runner = async () => {
    for (let story = waiting.shift(); story !== undefined; story = waiting.shift()) {
      const result = await resultOf(story, new Shop(url));
      results.push(result);
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runner));
  return results;
}

async function resultOf(story: Story, shop: Shop): Promise<StoryResult> {
  const startedAt = performance.now();
  const result = (error: Error | undefined) => ({
    title: story.title,
    durationMs: performance.now() - startedAt,
    error,
  });
  try {
    await story.run(shop);
    return result(undefined);
  } catch (error) {
    return result(error instanceof Error ? error : new Error(String(error)));
  }
}
