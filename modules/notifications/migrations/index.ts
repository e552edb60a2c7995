import { notifications } from "./0001-notifications.js";

export const migrations = [notifications];
