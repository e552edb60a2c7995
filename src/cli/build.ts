import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";

const places = ["dist/src/cli/main.js", "node_modules/pangaea/dist/src/cli/main.js"];

/** The command line that a build's processes are started with: the framework's own, or the one that a project has installed. */
export const mainOf = (folder: string): string =>
  places.map((place) => join(folder, place)).find(existsSync) ?? join(folder, places[0]!);

/** Why a folder cannot be deployed, for people; undefined where it can. */
export function whyNoBuild(folder: string): string | undefined {
  if (!isAbsolute(folder)) return `${folder}: name the folder of the new build with its whole path.`;
  if (!existsSync(join(folder, "package.json")))
    return `${folder}: there is no package.json; name the folder of a project.`;
  return existsSync(mainOf(folder)) ? undefined : `${folder}: there is no ${places.join(" and no ")}; build it first.`;
}
