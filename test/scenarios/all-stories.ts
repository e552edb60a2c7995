import { readdir } from "node:fs/promises";
import type { Story } from "./story.js";

const folder = new URL("./stories/", import.meta.url);

/** Every story found on disk, in the order of the file names: a new file is a new scenario in every layout. */
export async function allStories(): Promise<Story[]> {
  const files = (await readdir(folder)).filter((file) => /(?<!\.d)\.[jt]s$/.test(file)).toSorted();
  const stories = await Promise.all(
    files.map(async (file) => {
      const { story } = (await import(new URL(file, folder).href)) as { story?: Story };
      if (story === undefined) throw new Error(`stories/${file} exports no "story"`);
      return story;
    }),
  );
  const titles = stories.map(({ title }) => title);
  const twice = titles.find((title, index) => titles.indexOf(title) !== index);
  if (twice !== undefined) throw new Error(`two stories are called "${twice}"`);
  return stories;
}
