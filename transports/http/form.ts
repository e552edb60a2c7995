/** Where Pangaea's own callers go: with GET and an Upgrade to speak in frames, or with POST and a batch of calls. */
export const callsPath = "/calls";

/** The protocol that both sides speak after the Upgrade. */
export const frameProtocol = "pangaea/1";

/** A caller's own name, made at random: by it a batch can cancel the calls of another. */
export const callerHeader = "pangaea-caller";

/** How many bytes the sender of this header accepts in one message. */
export const limitHeader = "pangaea-max-message-bytes";

/** Text around a message that may come with it in a frame or a batch: other messages, what is announced first. */
export const frameAllowance = 128 * 1024;

/** The largest message for a peer that sent this header. */
export function limitFor(header: string | string[] | undefined, maxMessageBytes: number): number {
  return typeof header === "string" && /^\d{1,10}$/.test(header)
    ? Math.min(Number(header), maxMessageBytes)
    : maxMessageBytes;
}
