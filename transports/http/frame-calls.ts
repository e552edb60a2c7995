import type { Socket } from "node:net";
import {
  ByNumber,
  type Call,
  cancelText,
  type Clock,
  fieldsOf,
  HeadNumbers,
  type Logger,
  numbered,
} from "../../src/core/index.js";
import { createFrameReader, FrameWriter } from "./frames.js";
import { messagesOf, pingText } from "./messages.js";
import { type CallQueue, type Carrier, lost, type OutgoingCall, settleFrom } from "./outgoing-calls.js";

/** So often a caller shows that it is there, so that proxies keep the connection and a dead one is noticed. */
const pingMs = 10_000;
/** After so many without any answer the connection is given up. A callee whose event loop is blocked is not dead. */
const maxSilentPings = 3;
/** Where not a byte came while a call waited for so long in vain, further ones take another connection. */
const doubtMs = 1_000;

export interface FrameCallsOptions {
  readonly address: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxFrameBytes: number;
  /** The stream takes more again. */
  onDrain(): void;
  /** Nothing more may be sent: the connection was lost, or the server asks for it. */
  onEnd(): void;
  /** Everything has settled. */
  onClosed(): void;
}

/** The caller's side of an upgraded connection. */
export class FrameCalls implements Carrier {
  readonly #socket: Socket;
  readonly #options: FrameCallsOptions;
  readonly #writer: FrameWriter;
  readonly #heads = new HeadNumbers();
  readonly #pending = new ByNumber<OutgoingCall>();
  readonly #announce = (text: string) => this.#writer.put(text);
  #ending = false;
  #silentPings = 0;
  #bytesBefore = 0;
  #heardAt: number;
  #cancelPing = () => {};

  constructor(socket: Socket, first: Buffer, options: FrameCallsOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#heardAt = options.clock.now();
    this.#writer = new FrameWriter(socket, options.onDrain);
    const read = createFrameReader(options.maxFrameBytes, (text) => {
      for (const message of messagesOf(text)) this.#take(message);
      this.#rest();
    });
    const onData = (chunk: Buffer) => {
      this.#heardAt = options.clock.now();
      try {
        read(chunk);
      } catch (error) {
        options.logger.warn("A server sent what makes no sense; the connection was closed.", {
          address: options.address,
          error,
        });
        socket.destroy();
      }
    };
    socket.setNoDelay(true);
    socket.setTimeout(0);
    socket.unref();
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    socket.on("close", () => this.#onClose());
    socket.on("data", onData);
    this.#ping();
    if (first.length > 0) onData(first);
  }

  /** Calls that wait for their reply. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Sends as much of the queue as the connection takes now. */
  send(queue: CallQueue): void {
    const writer = this.#writer;
    const before = this.#pending.size;
    while (!writer.blocked && this.#socket.writable) {
      const next = queue.peek();
      if (next === undefined) break;
      queue.drop();
      const head = this.#heads.numberOf(next.call, this.#announce);
      next.carrier = this;
      this.#pending.set(next.id, next);
      writer.put(numbered(next.id, head, next.call.context.remainingMs(), next.body));
      // Now, to learn whether the connection takes more.
      writer.flushFull();
    }
    writer.flush();
    // Only an answer that somebody waits for keeps the process alive.
    if (before === 0 && this.#pending.size > 0) this.#socket.ref();
  }

  cancel({ id, call }: OutgoingCall): void {
    if (!this.#pending.delete(id)) return;
    this.#writer.add(cancelText(id));
    if (this.#wasSilentFor(call)) this.#end();
    this.#rest();
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#socket.destroy();
  }

  #take(message: unknown): void {
    const id = settleFrom(message, this.#pending);
    if (id !== undefined) this.#pending.delete(id);
    else if (fieldsOf(message).goaway === true) this.#end();
  }

  /**
   * Whether not a byte came since a call was made. The way may be cut without a word, or the callee blocked: that a new
   * connection leads nowhere is soon known, and then nothing was sent; what is under way here may still be answered.
   */
  #wasSilentFor({ context: { madeAt } }: Call): boolean {
    return this.#heardAt < madeAt && this.#options.clock.now() - madeAt >= doubtMs;
  }

  #end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#options.onEnd();
  }

  /** Nothing is pending: there is nothing to wait for, and, where the server has asked for it, nothing to stay for. */
  #rest(): void {
    if (this.#pending.size > 0) return;
    this.#socket.unref();
    if (!this.#ending) return;
    this.#writer.flush();
    this.#socket.end();
  }

  #ping(): void {
    this.#cancelPing = this.#options.clock.after(pingMs, () => {
      const { bytesRead } = this.#socket;
      this.#silentPings = bytesRead === this.#bytesBefore ? this.#silentPings + 1 : 0;
      this.#bytesBefore = bytesRead;
      if (this.#silentPings > maxSilentPings) {
        this.#options.logger.warn("A server has fallen silent; the connection was closed.", {
          address: this.#options.address,
        });
        this.#socket.destroy();
        return;
      }
      this.#writer.add(pingText);
      this.#ping();
    });
  }

  #onClose(): void {
    this.#cancelPing();
    const error = lost(this.#options.address);
    const pending = this.#pending.entries();
    this.#pending.clear();
    for (const [, call] of pending) call.fail(error);
    this.#end();
    this.#options.onClosed();
  }
}
