import "reflect-metadata";

export * from "./core/index.js";
export { defineContract } from "./schema/define-contract.js";
export { defineSaga } from "./saga/define-saga.js";
export { Database } from "./storage/database.js";
