import { urlOfServer } from "./server-urls.js";

const slotCount = 16_384;

/** The part of a channel's name that decides its slot: what stands in its first braces, else all of it. */
function hashedPart(channel: string): string {
  const open = channel.indexOf("{");
  const close = channel.indexOf("}", open + 1);
  return open === -1 || close <= open + 1 ? channel : channel.slice(open + 1, close);
}

/** The slot of a channel in a Redis Cluster (CRC16, XMODEM). Names of channels are plain ASCII. */
export function slotOf(channel: string): number {
  const text = hashedPart(channel);
  let crc = 0;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i) << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return crc & (slotCount - 1);
}

type Range = readonly [first: number, last: number, master: readonly [host: unknown, port: number]];

/** Which master has which slot: the answer of CLUSTER SLOTS, as URLs. Throws where a slot has none. */
export function mastersFrom(answer: unknown, asked: string): readonly string[] {
  const masters: string[] = [];
  let covered = 0;
  for (const [first, last, [host, port]] of answer as readonly Range[]) {
    // A server that does not know its own name leaves it out.
    const known = typeof host === "string" && host !== "" && host !== "?";
    const url = urlOfServer(asked, known ? host : new URL(asked).hostname.replace(/^\[|\]$/g, ""), port);
    for (let slot = first; slot <= last; slot++) masters[slot] = url;
    covered += last - first + 1;
  }
  if (covered < slotCount) throw new Error("the cluster has slots that no master serves");
  return masters;
}
