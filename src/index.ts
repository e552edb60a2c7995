export * from "./core/index.js";
export { defineContract } from "./schema/define-contract.js";
