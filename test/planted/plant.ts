import { fileURLToPath } from "node:url";
import { patches } from "./patches.js";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Vite's plugin that changes the source as the patch named by `PANGAEA_PLANTED` says, while tests load it. */
export function plant(name: string | undefined) {
  const patch = patches.find((known) => known.name === name);
  if (name !== undefined && patch === undefined) throw new Error(`PANGAEA_PLANTED="${name}": there is no such patch`);
  return {
    name: "pangaea-planted-bug",
    enforce: "pre" as const,
    transform(code: string, id: string) {
      if (patch === undefined || id !== `${root}${patch.file}`) return undefined;
      return { code: code.replace(patch.find, () => patch.replace), map: null };
    },
  };
}
