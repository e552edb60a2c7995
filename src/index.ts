import "reflect-metadata";

export * from "./core/index.js";
export { defineContract } from "./schema/define-contract.js";
export { defineJob } from "./saga/define-job.js";
export { defineSaga } from "./saga/define-saga.js";
export { cron, every } from "./saga/define-schedule.js";
export { Database } from "./storage/database.js";
