import { users } from "./0001-users.js";

export const migrations = [users];
