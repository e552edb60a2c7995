import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A new folder for a test's data: in memory where the system offers that (Linux), so that a test does not wait for a
 * disk that others keep busy. A test of durability asks for a real disk by `PANGAEA_TEST_DATA`.
 */
export const dataFolder = (prefix = "pangaea-"): Promise<string> =>
  mkdtemp(join(process.env.PANGAEA_TEST_DATA ?? (existsSync("/dev/shm") ? "/dev/shm" : tmpdir()), prefix));
