import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import type { Story } from "../story.js";

/** What a load balancer and a person ask first. A process too busy to answer in a second is not ready, so it is asked again. */
export const story: Story = {
  title: "a running shop is alive and ready, and waits for nothing",
  async run(shop) {
    const alive = await shop.anyone().get("/healthz").expect(200);
    assert.deepEqual(alive.body, { status: "ok" });
    assert.equal(alive.headers["x-powered-by"], undefined);
    const ready = await eventually("every process says that it is ready", async () => {
      const answer = await shop.anyone().get("/readyz");
      return answer.status === 200 ? answer : undefined;
    });
    assert.deepEqual(ready.body, { status: "ready", waitingFor: [] });
  },
};
