import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** How a TCP proxy treats the connections over it; each is as usual where it is missing. */
export interface TcpFaults {
  /** How much later everything arrives, in each direction. */
  readonly latencyMs?: number;
  /** Everything is accepted, nothing is passed on, and nothing is closed. */
  readonly isHalfOpen?: boolean;
  /** Connections are broken off at once, old and new. */
  readonly isCut?: boolean;
  /** What the server answers is read no faster than this. */
  readonly bytesPerSecond?: number;
  /** Everything arrives in pieces of so many bytes. */
  readonly sliceBytes?: number;
}

/** Stands between clients and a server of TCP, and does to them what networks do. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** From now on, for connections that there are as well. What was held back while half-open is lost. */
  set(faults: TcpFaults): void;
  close(): Promise<void>;
}

/** A proxy on a free port of loopback before `host:port`; at first it only passes on. */
export async function tcpProxy(port: number, host = "127.0.0.1"): Promise<TcpProxy> {
  let faults: TcpFaults = {};
  const sockets = new Set<Socket>();
  const pass = (from: Socket, to: Socket, isAnswer: boolean) => {
    sockets.add(from);
    from.setNoDelay(true);
    from.on("error", () => {});
    from.once("close", () => {
      sockets.delete(from);
      to.destroy();
    });
    let last = Promise.resolve();
    from.on("data", (data) => {
      if (faults.isHalfOpen === true) return;
      // One after the other, so that pieces keep their order whatever the faults were when they came.
      from.pause();
      const due = performance.now() + (faults.latencyMs ?? 0);
      last = last.then(() => passOn(data, to, due, isAnswer ? faults.bytesPerSecond : undefined, faults.sliceBytes));
      // Latency is the wire's; only a slow reader holds up who sends.
      const next = isAnswer && faults.bytesPerSecond !== undefined ? last : Promise.resolve();
      void next.then(() => from.resume());
    });
    from.once("end", () => void last.then(() => (faults.isHalfOpen === true ? undefined : to.end())));
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => {});
    if (faults.isCut === true) {
      client.resetAndDestroy();
      return;
    }
    const onward = connect({ port, host, allowHalfOpen: true });
    pass(client, onward, false);
    pass(onward, client, true);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cutAll = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return sockets.size / 2;
    },
    set(next) {
      faults = next;
      if (next.isCut === true) cutAll();
    },
    close: () => closeServer(server, cutAll),
  };
}

async function closeServer(server: Server, cutAll: () => void): Promise<void> {
  const closed = once(server, "close");
  server.close();
  cutAll();
  await closed;
}

async function passOn(
  data: Buffer,
  to: Socket,
  due: number,
  bytesPerSecond: number | undefined,
  sliceBytes: number | undefined,
): Promise<void> {
  const waitMs = due - performance.now();
  if (waitMs > 0) await pause(waitMs);
  const size = sliceBytes ?? (bytesPerSecond === undefined ? data.length : Math.max(1, Math.ceil(bytesPerSecond / 20)));
  for (let start = 0; start < data.length && !to.destroyed; start += size) {
    const piece = data.subarray(start, start + size);
    to.write(piece);
    if (bytesPerSecond !== undefined) await pause((piece.length / bytesPerSecond) * 1_000);
    // A turn of the loop between the pieces, so that each is sent by itself.
    else if (sliceBytes !== undefined) await new Promise(setImmediate);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
