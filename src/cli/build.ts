import { existsSync } from "node:fs";
import { join } from "node:path";

const places = ["dist/src/cli/main.js", "node_modules/pangaea/dist/src/cli/main.js"];

/** The command line that a build's processes are started with: the framework's own, or the one that a project has installed. */
export const mainOf = (folder: string): string =>
  places.map((place) => join(folder, place)).find(existsSync) ?? join(folder, places[0]!);
