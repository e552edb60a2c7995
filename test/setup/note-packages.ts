import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";

// For `node --import`: at its end the process writes down, in the file that PACKAGES_FILE names, which packages it loaded.
const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const name = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
    if (name !== undefined) loaded.add(name);
    return nextLoad(url, context);
  },
});
process.once("exit", () => writeFileSync(process.env.PACKAGES_FILE!, JSON.stringify([...loaded])));
