import { parseTopology } from "../../src/runtime/load-topology.js";
import { testSystem, type TestSystem } from "../../src/testing/test-system.js";
import { shopModules } from "./layouts.js";

const text = `
name: shop-in-two
processes:
  edge: { gateway: {}, modules: [storefront, catalog, inventory, orders] }
  back: { modules: [users, payments, notifications] }
routes: { default: http }
`;

/** The shop in two processes that a test can reach into, so that it can take a module away while the others go on. */
export const twoProcesses = async (): Promise<TestSystem> =>
  testSystem({ topology: parseTopology("two-processes.yaml", text), modules: await shopModules() });
