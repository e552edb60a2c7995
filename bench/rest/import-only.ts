import module from "node:module";

// Loads the libraries that it is named and does nothing with them, the way a process of a system loads them.
module.enableCompileCache();
for (const name of process.argv.slice(2)) await import(name);
process.send!("loaded");
// Whoever started it, and looks at it, ends it.
process.on("disconnect", () => process.exit());
