import { payments } from "./0001-payments.js";

export const migrations = [payments];
