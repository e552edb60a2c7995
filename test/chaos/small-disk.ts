import { spawnSync } from "node:child_process";

/** A disk of its own for a folder, in memory, until it is given back. */
export interface SmallDisk {
  unmount(): void;
}

/** Why no small disk can be had here; undefined where one can. */
export const smallDiskRefusal = (): string | undefined =>
  process.platform === "linux" && process.getuid?.() === 0 ? undefined : "mounting a small disk takes root, on Linux";

/** Mounts a disk of so many bytes at an empty folder. */
export function mountSmallDisk(folder: string, bytes: number): SmallDisk {
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
  if (status !== 0) throw new Error(`A small disk cannot be mounted at ${folder}: ${stderr.toString()}`);
  // Lazily: a process that was killed a moment ago may not have let go of its files.
  return { unmount: () => void spawnSync("umount", ["--lazy", folder]) };
}
