import assert from "node:assert/strict";
import { latch } from "./conformance.js";
import { type Rig, transportCase } from "./transport-subject.js";

/** Collects payloads and says when `last` is among them. */
function collector() {
  const received: unknown[] = [];
  const done = latch();
  const onEvent = (payload: unknown) => {
    received.push(payload);
    if ((payload as { last?: boolean }).last === true) done.open();
  };
  return { received, done: done.promise, onEvent };
}

const silent = () => Promise.resolve({ output: null });

async function eventLine({ line, another }: Rig) {
  const { listener, connection } = await line(silent);
  return { listener, near: connection, far: another().connect(listener.address) };
}

/** Best-effort events: they reach who listens now. */
export const eventCases = [
  transportCase("a published event reaches each current subscriber exactly once", async (rig) => {
    const { listener, near, far } = await eventLine(rig);
    const collectors = [collector(), collector(), collector()];
    const connections = [near, near, far];
    await Promise.all(collectors.map(({ onEvent }, index) => connections[index]!.subscribe("stock", onEvent)));
    const events = Array.from({ length: 50 }, (_, n) => ({ n, text: "✓", last: n === 49 }));
    for (const event of events) listener.publish("stock", event);
    await rig.soon("all events", Promise.all(collectors.map(({ done }) => done)));
    for (const { received } of collectors) assert.deepEqual(received, events);
  }),

  transportCase("an event reaches neither other topics nor other addresses nor former subscribers", async (rig) => {
    const { listener, near, far } = await eventLine(rig);
    const other = await rig.line(silent);
    const [wanted, topic, address, former, early] = [collector(), collector(), collector(), collector(), collector()];
    listener.publish("stock", { n: 0 });
    await rig.soon("a call after the first event", near.call(rig.call()));
    await near.subscribe("stock", wanted.onEvent);
    await far.subscribe("stock2", topic.onEvent);
    await other.connection.subscribe("stock", address.onEvent);
    const leave = await near.subscribe("stock", former.onEvent);
    leave();
    leave();
    const leaveEarly = await far.subscribe("stock", early.onEvent);
    listener.publish("stock", { n: 1, last: true });
    await rig.soon("the first event", Promise.all([wanted.done, early.done]));
    leaveEarly();
    listener.publish("stock", { n: 2 });
    listener.publish("stock2", { n: 3, last: true });
    other.listener.publish("stock", { n: 4, last: true });
    await rig.soon("the fences", Promise.all([topic.done, address.done]));
    assert.deepEqual(wanted.received.at(0), { n: 1, last: true });
    assert.deepEqual(early.received, [{ n: 1, last: true }]);
    assert.deepEqual(former.received, []);
    assert.deepEqual(topic.received, [{ n: 3, last: true }]);
    assert.deepEqual(address.received, [{ n: 4, last: true }]);
  }),

  transportCase("subscribers share no object with each other or with the publisher", async (rig) => {
    const { listener, near, far } = await eventLine(rig);
    const payload = { list: [1], last: true };
    const seen: unknown[] = [];
    const done = [latch(), latch(), latch()];
    const spoil = (index: number) => (received: unknown) => {
      seen.push(structuredClone(received));
      (received as typeof payload).list.push(99);
      done[index]!.open();
    };
    await near.subscribe("stock", spoil(0));
    await near.subscribe("stock", spoil(1));
    await far.subscribe("stock", spoil(2));
    listener.publish("stock", payload);
    await rig.soon("the event", Promise.all(done.map(({ promise }) => promise)));
    assert.deepEqual(
      seen,
      [1, 2, 3].map(() => ({ list: [1], last: true })),
    );
    assert.deepEqual(payload, { list: [1], last: true });
  }),

  transportCase("subscribers do not see what the publisher changes after publishing", async (rig) => {
    const { listener, near } = await eventLine(rig);
    const { received, done, onEvent } = collector();
    await near.subscribe("stock", onEvent);
    const payload = { n: 1, last: true };
    listener.publish("stock", payload);
    payload.n = 2;
    await rig.soon("the event", done);
    assert.deepEqual(received, [{ n: 1, last: true }]);
  }),

  transportCase("a subscriber that throws harms nobody", async (rig) => {
    const { listener, near, far } = await eventLine(rig);
    const [first, second] = [collector(), collector()];
    await near.subscribe("stock", () => {
      throw new Error("a subscriber's own trouble");
    });
    await near.subscribe("stock", first.onEvent);
    await far.subscribe("stock", second.onEvent);
    listener.publish("stock", { n: 1 });
    listener.publish("stock", { n: 2, last: true });
    await rig.soon("the events", Promise.all([first.done, second.done]));
    assert.equal(first.received.length, 2);
    assert.equal(second.received.length, 2);
    assert.equal((await rig.soon("a call", near.call(rig.call()))).output, null);
  }),

  transportCase("publishing without subscribers, or after closing, throws nothing", async (rig) => {
    const { listener, connection } = await rig.line(silent);
    listener.publish("stock", { n: 1 });
    await rig.soon("a call", connection.call(rig.call()));
    await rig.soon("closing", listener.close());
    listener.publish("stock", { n: 2 });
  }),
];
