import assert from "node:assert/strict";
import { errorOf, rootContext } from "../core/index.js";
import { latch, rejection } from "./conformance.js";
import { heldHandler, ifRemote, transportCase } from "./transport-subject.js";

/** How calls end when somebody is not there, gives up or dies. */
export const endingCases = [
  transportCase(
    "rejects at once with unavailable when nobody has ever listened",
    async ({ subject, client, call, soon }) => {
      const address = (await subject.unservedAddress?.()) ?? subject.address();
      const connection = client.connect(address);
      for (let tries = 0; tries < 2; tries++) {
        await rejection(soon("the refusal", connection.call(call())), "unavailable", "not-sent");
      }
    },
  ),

  transportCase("rejects at once with unavailable when the listener has closed", async ({ line, call, soon }) => {
    const { listener, connection } = await line(({ input }) => Promise.resolve({ output: input }));
    assert.equal((await soon("the reply", connection.call(call(1)))).output, 1);
    await soon("closing", listener.close());
    await rejection(soon("the refusal", connection.call(call(2))), "unavailable", "not-sent");
  }),

  transportCase(
    "a connection made before the listener works once there is one",
    async ({ subject, server, client, call, soon }) => {
      const address = subject.address();
      const connection = client.connect(address);
      await rejection(soon("the refusal", connection.call(call())), "unavailable", "not-sent");
      await server.serve(address, ({ input }) => Promise.resolve({ output: input }));
      assert.equal((await soon("the reply", connection.call(call(1)))).output, 1);
    },
    ({ dynamicAddress }) => (dynamicAddress ? "the address is known only once it is served" : undefined),
  ),

  transportCase(
    "cancelling reaches the handler, and the caller learns why",
    async ({ line, call, clock, soon, nothingPending }) => {
      const entered = latch();
      const aborted = latch();
      const { connection } = await line(async ({ context }) => {
        context.cancellation.onCancel(() => aborted.open());
        const { signal } = context;
        entered.open();
        await new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
        return { output: null };
      });
      const context = rootContext(clock, 10_000);
      const settled = rejection(connection.call(call(null, { context })), "canceled");
      await soon("the handler's start", entered.promise);
      context.cancellation.cancel();
      await soon("the caller's error", settled);
      await soon("the handler's abort", aborted.promise);
      await nothingPending();
    },
  ),

  transportCase(
    "a cancelled call ends at once with its reason though the handler goes on",
    async ({ line, call, clock, soon, nothingPending }) => {
      const { handler, entered, release, calls } = heldHandler();
      const { connection } = await line(handler);
      const context = rootContext(clock, 10_000);
      const settled = rejection(connection.call(call("late", { context })), "deadline_exceeded", "unknown");
      const received = await soon("the handler's start", entered.promise);
      assert.ok(received.context.remainingMs() <= 10_000);
      const told = latch();
      received.context.cancellation.onCancel(() => told.open());
      context.cancellation.cancel(errorOf("deadline_exceeded", "The deadline passed.", { outcome: "unknown" }));
      await soon("the caller's error", settled);
      await soon("the handler's cancellation", told.promise);
      release.open();
      assert.equal((await soon("the next call", connection.call(call("next")))).output, "next");
      assert.equal(calls(), 2);
      await nothingPending();
    },
    ({ remote }) => (remote ? undefined : "in one process the stack's deadline layer lets the caller go"),
  ),

  transportCase(
    "a call whose context is already cancelled is not sent",
    async ({ line, call, clock, soon }) => {
      const { handler, release, calls } = heldHandler();
      release.open();
      const { connection } = await line(handler);
      const context = rootContext(clock, 10_000);
      context.cancellation.cancel();
      await rejection(soon("the error", connection.call(call(1, { context }))), "canceled");
      await soon("the next call", connection.call(call(2)));
      assert.equal(calls(), 1);
    },
    ({ remote }) => (remote ? undefined : "in one process the stack's deadline layer stands in front"),
  ),

  transportCase(
    "closing a listener answers what is in flight and takes nothing new",
    async ({ line, call, soon, nothingPending }) => {
      const { handler, entered, release, calls } = heldHandler();
      const { listener, connection } = await line(handler);
      const inFlight = connection.call(call("kept"));
      await soon("the handler's start", entered.promise);
      let closed = false;
      const closing = listener.close().then(() => (closed = true));
      await rejection(soon("the refusal", connection.call(call("late"))), "unavailable", "not-sent", "not-executed");
      assert.equal(closed, false, "closed before it had answered");
      release.open();
      assert.equal((await soon("the reply", inFlight)).output, "kept");
      await soon("closing", closing);
      assert.equal(calls(), 1);
      await nothingPending();
    },
  ),

  transportCase(
    "closing a connection fails what is pending as unknown",
    async ({ line, call, soon }) => {
      const { handler, entered, release } = heldHandler();
      const { connection } = await line(handler);
      const settled = rejection(connection.call(call()), "unavailable", "unknown");
      await soon("the handler's start", entered.promise);
      await soon("closing", connection.close());
      await soon("the pending call's error", settled);
      await rejection(soon("a call after closing", connection.call(call())), "unavailable", "not-sent");
      release.open();
    },
    ifRemote,
  ),

  transportCase(
    "closing the caller's transport fails what is pending as unknown",
    async ({ line, client, call, soon }) => {
      const { handler, entered, release } = heldHandler();
      const { connection } = await line(handler);
      const settled = rejection(connection.call(call()), "unavailable", "unknown");
      await soon("the handler's start", entered.promise);
      await soon("closing", client.close());
      await soon("the pending call's error", settled);
      release.open();
    },
    ifRemote,
  ),

  transportCase(
    "a server that goes away in the middle of a call fails it as unknown",
    async ({ line, server, call, soon, nothingPending }) => {
      const { handler, entered, release } = heldHandler();
      const { connection } = await line(handler);
      const settled = rejection(connection.call(call()), "unavailable", "unknown");
      await soon("the handler's start", entered.promise);
      await soon("closing without waiting for handlers", server.close());
      await soon("the pending call's error", settled);
      release.open();
      await rejection(soon("the next call", connection.call(call())), "unavailable", "not-sent");
      await nothingPending();
    },
    ifRemote,
  ),
];
