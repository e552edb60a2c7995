import { createHash } from "node:crypto";
import type { StoredRow } from "./stored-tables.js";

const size = 1n << 128n;

/** How many rows a table has, and a sum over what stands in them that is the same in every database. */
export interface Content {
  readonly rows: number;
  /** 32 hexadecimal digits. */
  readonly checksum: string;
}

/** Adds up rows in any order: each counts with the hash of its canonical text. */
export class ContentSum {
  #rows = 0;
  #sum = 0n;

  add(row: StoredRow): void {
    const hash = createHash("sha256").update(canonical(row)).digest("hex").slice(0, 32);
    this.#sum = (this.#sum + BigInt(`0x${hash}`)) % size;
    this.#rows++;
  }

  get content(): Content {
    return { rows: this.#rows, checksum: this.#sum.toString(16).padStart(32, "0") };
  }
}

const canonical = (row: StoredRow): string =>
  JSON.stringify(
    Object.keys(row)
      .toSorted()
      .map((column) => {
        const value = row[column]!;
        return [column, value instanceof Uint8Array ? { hex: Buffer.from(value).toString("hex") } : value];
      }),
  );
