import type { Socket } from "node:net";
import type { Logger } from "../../src/core/index.js";
import { createFrameReader, FrameWriter } from "./frames.js";
import { goawayText, messagesOf } from "./messages.js";
import { ReceivedCalls, type ServerParts } from "./received-calls.js";

/** A caller that says nothing for so long, not even a ping, is gone. */
const silenceMs = 60_000;
/** More calls of one connection than this, or more text that it does not take, and it is not read until there is less. */
const maxRunning = 8_192;
const maxUnreadLength = 1024 * 1024;
/** With more than this unread the connection is cut. */
const maxHeldLength = 256 * 1024 * 1024;

/** The server's side of an upgraded connection. */
export interface FrameSession {
  /** Asks the caller to send no more, and to close when everything is answered. */
  goAway(): void;
  /** Ends the connection at once. */
  cut(): void;
}

/** Serves the calls of an upgraded connection until it closes; nothing that arrives on it can do more than close it. */
export function serveFrames(
  socket: Socket,
  first: Buffer,
  parts: ServerParts & { readonly logger: Logger; readonly maxFrameBytes: number },
): FrameSession {
  const writer = new FrameWriter(socket, () => regulate());
  const calls = new ReceivedCalls({
    ...parts,
    send(text) {
      writer.add(text);
      if (writer.heldLength <= maxHeldLength) return;
      parts.logger.warn("A caller does not read its replies; its connection was closed.", { maxHeldLength });
      socket.destroy();
    },
    onSettled: () => regulate(),
    onCancel: (id) => calls.cancel(id),
  });
  let paused = false;

  const regulate = () => {
    const full = calls.size >= maxRunning || writer.heldLength > maxUnreadLength;
    if (full === paused) return;
    paused = full;
    if (full) socket.pause();
    else socket.resume();
  };

  const read = createFrameReader(parts.maxFrameBytes, (text) => {
    for (const message of messagesOf(text)) calls.take(message);
  });
  const onData = (chunk: Buffer) => {
    try {
      read(chunk);
      regulate();
    } catch (error) {
      parts.logger.warn("A caller sent what makes no sense; its connection was closed.", { error });
      socket.destroy();
    }
  };

  socket.setNoDelay(true);
  socket.setTimeout(silenceMs, () => socket.destroy());
  socket.on("error", () => {});
  socket.on("end", () => socket.destroy());
  socket.on("close", () => calls.abandon());
  socket.on("data", onData);
  if (first.length > 0) onData(first);

  return {
    goAway: () => writer.add(goawayText),
    cut: () => socket.destroy(),
  };
}
