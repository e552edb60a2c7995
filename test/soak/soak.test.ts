import { describe, expect, it } from "vitest";
import { soak, soakTransports } from "./soak.js";

/** A call that leaves 100 bytes behind shows; what the engine itself keeps for later does not. */
const calls = { "in-process": 50_000, http: 20_000, redis: 20_000 };

describe("many calls", () => {
  for (const transport of soakTransports) {
    it(`over ${transport} leave nothing pending and the heap as it was`, async () => {
      const { pending, heapEarly, heapEnd } = await soak(transport, calls[transport]);
      expect(pending).toBe(0);
      expect((heapEnd - heapEarly) / (calls[transport] * 0.8)).toBeLessThan(100);
    }, 300_000);
  }
});
