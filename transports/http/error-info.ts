import { isUtf8 } from "node:buffer";

/**
 * The public message `google.rpc.ErrorInfo`, in protobuf's binary form. Written by hand: three fields do not pay for a
 * protobuf library.
 */
export interface ErrorInfo {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: ReadonlyMap<string, string>;
}

// A tag is the field's number and its wire type; all three fields are length-delimited (wire type 2).
const tagOf = (field: number) => (field << 3) | 2;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

const delimited = (field: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([tagOf(field)]), varint(bytes.length), bytes]);

// Protobuf leaves out a field that has its default value.
const text = (field: number, value: string): Buffer =>
  value === "" ? Buffer.alloc(0) : delimited(field, Buffer.from(value));

/** The message's bytes. */
export const encodeErrorInfo = (info: ErrorInfo): Buffer =>
  Buffer.concat([
    text(1, info.reason),
    text(2, info.domain),
    ...[...info.metadata].map(([key, value]) => delimited(3, Buffer.concat([text(1, key), text(2, value)]))),
  ]);

class Malformed extends Error {}

/** Reads the length-delimited fields of a message; those of other wire types are skipped. */
function* fieldsOf(bytes: Buffer): Generator<readonly [field: number, value: Buffer]> {
  let offset = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 10; shift++) {
      const byte = bytes[offset++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 128 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Malformed();
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - offset) throw new Malformed();
    return bytes.subarray(offset, (offset += length));
  };
  while (offset < bytes.length) {
    const tag = readVarint();
    switch (tag % 8) {
      case 0:
        readVarint();
        break;
      case 1:
        take(8);
        break;
      case 2:
        yield [Math.floor(tag / 8), take(readVarint())];
        break;
      case 5:
        take(4);
        break;
      default:
        throw new Malformed();
    }
  }
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Malformed();
  return bytes.toString();
}

/** The message in `bytes`, or undefined where they are not one. Unknown fields are skipped, as protobuf asks. */
export function decodeErrorInfo(bytes: Buffer): ErrorInfo | undefined {
  let reason = "";
  let domain = "";
  const metadata = new Map<string, string>();
  try {
    for (const [field, value] of fieldsOf(bytes)) {
      if (field === 1) reason = textOf(value);
      else if (field === 2) domain = textOf(value);
      else if (field === 3) {
        const entry = new Map([...fieldsOf(value)].map(([part, content]) => [part, textOf(content)]));
        metadata.set(entry.get(1) ?? "", entry.get(2) ?? "");
      }
    }
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
  return { reason, domain, metadata };
}
