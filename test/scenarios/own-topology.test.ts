import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allStories } from "./all-stories.js";
import { launched, projectFolder, type Running } from "./layouts.js";
import { Shop } from "./shop.js";

/** What somebody writes who has read the README and wants to keep the money apart. */
const text = `
name: my-shop
processes:
  web: { gateway: {}, modules: [storefront, catalog, users] }
  money: { modules: [payments, orders] }
  goods: { modules: [inventory, notifications] }
routes: { default: redis, payments: http, inventory: http }
`;

const wanted = /^(an order is confirmed|a declined payment|each confirmed|a user's orders|an overview|of 20 buyers)/;
const stories = (await allStories()).filter(({ title }) => wanted.test(title));

describe("a topology of one's own: three processes, two transports, nothing else changed", () => {
  const folder = join(projectFolder, "node_modules/.cache", `topology-${process.pid}`);
  let running: Running;
  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    const file = join(folder, "my-shop.yaml");
    await writeFile(file, text);
    running = await launched(file).start();
  }, 360_000);
  afterAll(async () => {
    await running?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("finds its stories", () => expect(stories).toHaveLength(6));

  for (const story of stories) it.concurrent(story.title, () => story.run(new Shop(running.url)), 300_000);
});
