import {
  type Connection,
  type CreateTransport,
  errorOf,
  type Handler,
  type Listener,
  type Transport,
  type TransportFeatures,
} from "../../src/core/index.js";
import { Calls } from "./calls.js";
import { batchFrom, channelsOf, eventText, maxMessageBytes } from "./frames.js";
import { Inbox } from "./inbox.js";
import { Link } from "./link.js";
import { Outgoing } from "./outgoing.js";
import { serverUrls } from "./server-urls.js";

/** What an instance holds at this moment; all of it returns to zero, but for `malformed`. */
export interface RedisGauges {
  /** Calls made that are not answered. */
  readonly pendingCalls: number;
  /** Calls taken whose handlers have not settled. */
  readonly inFlight: number;
  /** Characters that Redis has not confirmed. */
  readonly waitingLength: number;
  /** Received texts of which some part made no sense and was dropped. */
  readonly malformed: number;
}

/** The transport over Redis, with its gauges. */
export interface RedisTransport extends Transport {
  gauges(): RedisGauges;
}

const features: TransportFeatures = { remote: true, maxMessageBytes, dynamicAddress: false };

/**
 * Calls over Redis pub/sub. Settings: `url`, for a cluster with some of its servers (`redis://h1:p,h2:p`), and
 * `namespace` (default `main`), which keeps two systems on one Redis apart. An address is a name, served by one process at a time. Needs Redis 6 or later, a cluster Redis 7. Keeps nothing in Redis: whatever
 * Redis forgets, no promise is broken. Redis may be absent at any time, at the start too.
 */
export const createTransport = (({ clock, ids, logger, settings }): RedisTransport => {
  const sender = ids.uuid();
  const channels = channelsOf(settings.namespace ?? "main");
  const inboxes = new Map<string, Inbox>();
  let malformed = 0;
  let listensForReplies = false;

  const link: Link = new Link({
    urls: serverUrls(settings.url),
    name: `pangaea-${sender}`,
    clock,
    ids,
    logger,
    onLive: () => outgoing.flush(),
    onDown() {
      outgoing.fail();
      calls.lose();
    },
    onBeat: () => calls.ask(),
  });
  const outgoing = new Outgoing(link, sender);
  const calls = new Calls(outgoing, channels);

  const onMalformed = (channel: string) => {
    malformed++;
    // A flood of nonsense must not become a flood of log lines: the 1st, 2nd, 4th, 8th …
    if ((malformed & (malformed - 1)) === 0) logger.warn("Dropped a malformed message.", { channel, malformed });
  };

  const listenForReplies = () => {
    if (listensForReplies) return;
    listensForReplies = true;
    const channel = channels.reply(sender);
    void link.subscribe(channel, (text) => {
      if (!calls.receive(text)) onMalformed(channel);
    });
  };

  const deliver = (topic: string, onEvent: (payload: unknown) => void, payload: unknown) => {
    try {
      onEvent(payload);
    } catch (error) {
      logger.error("A subscriber of a best-effort event threw.", { topic, error });
    }
  };

  const connect = (address: string): Connection => {
    const target = { address, inbox: channels.inbox(address) };
    let closed = false;
    return {
      call(call) {
        if (closed) return Promise.reject(errorOf("unavailable", "The connection is closed.", { outcome: "not-sent" }));
        listenForReplies();
        return calls.call(target, call);
      },
      async subscribe(topic, onEvent) {
        const channel = channels.event(address, topic);
        let active = true;
        const leave = await link.subscribe(channel, (text) => {
          // Each subscriber reads the text anew: none shares an object with another.
          const batch = batchFrom(text);
          if (batch === undefined) return onMalformed(channel);
          for (const payload of batch.messages) if (active) deliver(topic, onEvent, payload);
        });
        return () => {
          active = false;
          void leave();
        };
      },
      close() {
        closed = true;
        calls.abandon("The connection was closed.", target);
        return Promise.resolve();
      },
    };
  };

  const serve = async (address: string, handler: Handler): Promise<Listener> => {
    if (inboxes.has(address)) throw new Error(`"${address}" is already served by this process`);
    const inbox = new Inbox({ address, handler, link, outgoing, channels, clock, onMalformed });
    inboxes.set(address, inbox);
    await inbox.open();
    return {
      address,
      publish(topic, payload) {
        try {
          outgoing.publish(channels.event(address, topic), eventText(payload));
        } catch (error) {
          logger.error("A best-effort event cannot be sent.", { address, topic, error });
        }
      },
      async close() {
        await inbox.close();
        if (inboxes.get(address) === inbox) inboxes.delete(address);
      },
    };
  };

  return {
    name: "redis",
    features,
    connect,
    serve,
    async close() {
      calls.abandon("The transport was closed.");
      await Promise.all([...inboxes.values()].map((inbox) => inbox.abandon()));
      if (link.state === "live") await outgoing.answered();
      link.close();
      outgoing.fail();
      inboxes.clear();
    },
    gauges: () => ({
      pendingCalls: calls.size,
      inFlight: [...inboxes.values()].reduce((sum, inbox) => sum + inbox.inFlight, 0),
      waitingLength: outgoing.waitingLength,
      malformed,
    }),
  };
}) satisfies CreateTransport;
