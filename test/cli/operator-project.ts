import { readdirSync, symlinkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { folderWith, root } from "./run-cli.js";

/** Gives things out and takes them back; takes nothing back until it is mended. Tells of each it gives out. */
const vault = `
import { defineContract, defineModule, event, fail, idempotent, Work } from "pangaea";
import { inject, injectable } from "inversify";
import { z } from "zod";

const Thing = z.object({ id: z.string() });
const procedure = idempotent({ input: Thing, output: z.object({}) });
export const vault = defineContract("vault", 1, {
  procedures: { take: procedure, keep: procedure, giveBack: procedure, mend: procedure },
  errors: { STUCK: { code: "failed_precondition", message: "The door is stuck." } },
  events: { opened: event({ payload: Thing, key: ({ id }) => id, delivery: "at-least-once" }) },
});

class VaultService {
  mended = false;
  constructor(work) {
    this.work = work;
  }
  async take({ id }, ctx) {
    return this.work.commit(ctx, async (tx) => {
      tx.emit(vault.events.opened, { id });
      return {};
    });
  }
  async keep() {
    throw fail(vault.errors.STUCK);
  }
  async giveBack() {
    if (!this.mended) throw fail(vault.errors.STUCK);
    return {};
  }
  async mend() {
    this.mended = true;
    return {};
  }
}
injectable()(VaultService);
inject(Work)(VaultService, undefined, 0);
export default defineModule({ contract: vault, service: VaultService, migrations: [] });
`;

/** Starts the saga that gets stuck in the vault, and cannot handle the vault's events until it is mended itself. */
const desk = `
import { defineContract, defineModule, defineSaga, idempotent, when, Work } from "pangaea";
import { inject, injectable } from "inversify";
import { z } from "zod";
import { vault } from "../vault/module.js";

const Thing = z.object({ id: z.string() });
const trade = defineSaga("trade", 1, Thing)
  .requiring({ vault })
  .step("take", {
    run: (state, clients, ctx) => clients.vault.take(state, ctx),
    undo: (state, clients, ctx) => clients.vault.giveBack(state, ctx),
  })
  .step("keep", { run: (state, clients, ctx) => clients.vault.keep(state, ctx) });
const procedure = idempotent({ input: Thing, output: z.object({}) });
const desk = defineContract("desk", 1, { procedures: { begin: procedure, mend: procedure } });

class DeskService {
  mended = false;
  constructor(work) {
    this.work = work;
  }
  begin({ id }, ctx) {
    return this.work.commit(ctx, async (tx) => {
      tx.start(trade, id, { id });
      return {};
    });
  }
  async mend() {
    this.mended = true;
    return {};
  }
  async note() {
    if (!this.mended) throw new Error("out of ink");
  }
}
injectable()(DeskService);
inject(Work)(DeskService, undefined, 0);
export default defineModule({
  contract: desk,
  service: DeskService,
  migrations: [],
  sagas: [trade],
  on: [when(vault.events.opened, DeskService, (service) => service.note())],
});
`;

/** A project whose sagas and events need an operator, in one process and in two. */
export function operatorProject(): ReturnType<typeof folderWith> {
  const project = folderWith({
    "package.json": JSON.stringify({ name: "bank", type: "module", pangaea: { modules: "modules" } }),
    "modules/vault/module.js": vault,
    "modules/desk/module.js": desk,
    "config/monolith.yaml": "name: bank\nprocesses:\n  all: { gateway: {}, modules: [vault, desk] }\n",
    "config/split.yaml":
      "name: bank\nprocesses:\n  edge: { gateway: {}, modules: [vault] }\n  back: { modules: [desk] }\n",
  });
  mkdirSync(join(project.path, "node_modules"));
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(root, "node_modules", name), join(project.path, "node_modules", name));
  }
  symlinkSync(root, join(project.path, "node_modules/pangaea"));
  return project;
}
