import assert from "node:assert/strict";
import type { Story } from "../story.js";

/** What a load balancer and a person ask first. */
export const story: Story = {
  title: "a running shop is alive and ready, and waits for nothing",
  async run(shop) {
    const alive = await shop.anyone().get("/healthz").expect(200);
    assert.deepEqual(alive.body, { status: "ok" });
    const ready = await shop.anyone().get("/readyz").expect(200);
    assert.deepEqual(ready.body, { status: "ready", waitingFor: [] });
    assert.equal(ready.headers["x-powered-by"], undefined);
  },
};
