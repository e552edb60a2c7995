import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A record of the zone, by name: addresses, or services as `[priority, weight, port, target]`. */
export interface Zone {
  a?: Readonly<Record<string, readonly string[]>>;
  aaaa?: Readonly<Record<string, readonly string[]>>;
  srv?: Readonly<Record<string, readonly (readonly [number, number, number, string])[]>>;
  /** What is answered to every question; by default what stands above. */
  mood?: "servfail" | "silent";
}

/** A name server over UDP whose zone the test writes. */
export interface DnsServer {
  readonly address: string;
  zone: Zone;
  stop(): Promise<void>;
}

const types = { a: 1, aaaa: 28, srv: 33 } as const;
const [noError, serverFailure, nameError] = [0, 2, 3];

const nameBytes = (name: string): Buffer =>
  Buffer.concat([...name.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)]);

const v6Bytes = (address: string): Buffer => {
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => "0");
  const all = address.includes("::") ? [...groups(head), ...zeros, ...groups(tail)] : address.split(":");
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
};

function dataOf(zone: Zone, name: string, type: number): Buffer[] | undefined {
  const known = [zone.a, zone.aaaa, zone.srv].some((records) => records !== undefined && name in records);
  if (!known) return undefined;
  if (type === types.a) return (zone.a?.[name] ?? []).map((address) => Buffer.from(address.split(".").map(Number)));
  if (type === types.aaaa) return (zone.aaaa?.[name] ?? []).map(v6Bytes);
  if (type !== types.srv) return [];
  return (zone.srv?.[name] ?? []).map(([priority, weight, port, target]) => {
    const head = Buffer.alloc(6);
    for (const [index, value] of [priority, weight, port].entries()) head.writeUInt16BE(value, 2 * index);
    return Buffer.concat([head, nameBytes(target)]);
  });
}

/** RFC 1035: header, the question as it came, and an answer for each record that points back to the question's name. */
function answerTo(query: Buffer, zone: Zone): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const data = zone.mood === "servfail" ? undefined : dataOf(zone, labels.join("."), type);
  const code = zone.mood === "servfail" ? serverFailure : data === undefined ? nameError : noError;
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8580 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(data?.length ?? 0, 6);
  const answers = (data ?? []).map((bytes) => {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(0xc00c, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(bytes.length, 10);
    return Buffer.concat([head, bytes]);
  });
  return Buffer.concat([header, question, ...answers]);
}

/** Starts one on a free port of loopback. */
export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    zone,
    async stop() {
      socket.close();
      await once(socket, "close");
    },
  };
  socket.on("message", (query, from) => {
    if (server.zone.mood === "silent") return;
    socket.send(answerTo(query, server.zone), from.port, from.address);
  });
  return server;
}
