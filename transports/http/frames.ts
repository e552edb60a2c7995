/** Before each batch of messages stands its length in bytes, as four bytes, the highest first. */
const prefixBytes = 4;

/**
 * A frame of many messages that is full leaves at once: the other side can begin with it while this one still makes the
 * next. Were everything of a tick one frame, two processes would work in turns instead of side by side. In characters.
 */
const batchLength = 8 * 1024;

/** Joins encoded messages into the text of one batch. */
export const batchOf = (messages: string): string => `[${messages}]`;

/** The bytes of one frame. */
function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(prefixBytes + length);
  frame.writeUInt32BE(length);
  // As many bytes as characters: all of it is ASCII, which is quicker to write.
  frame.write(text, prefixBytes, length === text.length ? "latin1" : "utf8");
  return frame;
}

/** A stream of bytes that says when it has taken enough: a socket, an answer. */
interface Sink {
  readonly writable: boolean;
  readonly writableNeedDrain: boolean;
  write(bytes: Buffer): boolean;
  on(event: "drain", listener: () => void): unknown;
}

/**
 * Writes messages to a stream: all that one tick adds goes in few frames. What the stream does not take yet is held back.
 */
export class FrameWriter {
  readonly #sink: Sink;
  readonly #onDrain: () => void;
  #held: string[] = [];
  #heldLength = 0;
  #open = "";
  #scheduled = false;
  readonly #run = () => {
    this.flush();
    if (!this.blocked) this.#onDrain();
  };

  /** `onDrain` is called when what was added, or held back, has been taken. */
  constructor(sink: Sink, onDrain: () => void = () => {}) {
    this.#sink = sink;
    this.#onDrain = onDrain;
    sink.on("drain", this.#run);
  }

  /** Whether the stream takes nothing now. */
  get blocked(): boolean {
    return this.#sink.writableNeedDrain;
  }

  /** Characters that the stream has not taken. */
  get heldLength(): number {
    return this.#heldLength + this.#open.length;
  }

  /** Adds a message, which is JSON text; it leaves at the end of this tick, or as soon as its frame is full. */
  add(message: string): void {
    this.put(message);
    if (this.#held.length > 0) this.flushFull();
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#run);
  }

  /** Adds a message that leaves with the next `flush`. */
  put(message: string): void {
    if (this.#open === "") this.#open = message;
    else if (this.#open.length + message.length > batchLength) this.#cut(message);
    else this.#open += `,${message}`;
  }

  /** Hands over what the stream takes, now. */
  flush(): void {
    this.#scheduled = false;
    if (this.#open !== "") this.#cut("");
    this.flushFull();
  }

  /** The same, without what may still become part of a fuller frame. */
  flushFull(): void {
    while (this.#held.length > 0 && this.#sink.writable && !this.blocked) {
      const text = this.#held.shift()!;
      this.#heldLength -= text.length;
      this.#sink.write(frameOf(batchOf(text)));
    }
  }

  #cut(next: string): void {
    this.#held.push(this.#open);
    this.#heldLength += this.#open.length;
    this.#open = next;
  }
}

/**
 * Cuts a byte stream into the texts of its frames. The reader throws where a frame is announced that is larger than
 * `maxBytes`, and holds no more than one of those.
 */
export function createFrameReader(maxBytes: number, onFrame: (text: string) => void): (chunk: Buffer) => void {
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** How many bytes there must be before it is worth looking. */
  let wanted = prefixBytes;

  return (received) => {
    let bytes = received;
    if (heldBytes > 0) {
      held.push(received);
      heldBytes += received.length;
      if (heldBytes < wanted) return;
      bytes = Buffer.concat(held, heldBytes);
      held = [];
      heldBytes = 0;
    }
    wanted = prefixBytes;
    let start = 0;
    while (bytes.length - start >= prefixBytes) {
      const length = bytes.readUInt32BE(start);
      if (length > maxBytes) throw new Error(`a frame of ${length} bytes, at most ${maxBytes} are taken`);
      const end = start + prefixBytes + length;
      if (end > bytes.length) {
        wanted = prefixBytes + length;
        break;
      }
      onFrame(bytes.toString("utf8", start + prefixBytes, end));
      start = end;
    }
    if (start === bytes.length) return;
    held = [bytes.subarray(start)];
    heldBytes = bytes.length - start;
  };
}
