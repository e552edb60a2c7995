import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { folderWith, root } from "./run-cli.js";

/** A project of its own, as a user has one: modules and topologies by name, and this package among its dependencies. */
export function ownProject(
  name: string,
  modules: Readonly<Record<string, string>>,
  topologies: Readonly<Record<string, string>>,
): ReturnType<typeof folderWith> {
  const under = (folder: string, ending: string, texts: Readonly<Record<string, string>>) =>
    Object.entries(texts).map(([file, text]) => [`${folder}/${file}${ending}`, text] as const);
  const project = folderWith({
    "package.json": JSON.stringify({ name, type: "module", pangaea: { modules: "modules" } }),
    ...Object.fromEntries(under("modules", "/module.js", modules)),
    ...Object.fromEntries(under("config", ".yaml", topologies)),
  });
  mkdirSync(join(project.path, "node_modules"));
  for (const each of readdirSync(join(root, "node_modules"))) {
    if (!each.startsWith(".")) symlinkSync(join(root, "node_modules", each), join(project.path, "node_modules", each));
  }
  symlinkSync(root, join(project.path, "node_modules/pangaea"));
  return project;
}
