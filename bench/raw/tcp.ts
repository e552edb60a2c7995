import { connect, createServer, type Socket } from "node:net";
import type { Contender } from "../contender.js";
import { answer, type Product, type Question } from "../work.js";
import { Pending, perTick } from "./batch.js";

interface Message<Body> {
  readonly id: number;
  readonly body: Body;
}

/** Sends and receives JSON texts, each behind its length in four bytes. */
function framed<Body>(socket: Socket, receive: (message: Message<Body>) => void): (message: Message<unknown>) => void {
  socket.setNoDelay(true);
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (data.length - at >= 4) {
      const end = at + 4 + data.readUInt32BE(at);
      if (end > data.length) break;
      receive(JSON.parse(data.toString("utf8", at + 4, end)) as Message<Body>);
      at = end;
    }
    rest = data.subarray(at);
  });
  const send = perTick(64 * 1024, (texts) => {
    const buffer = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + 4 + text.length * 3, 0));
    let at = 0;
    for (const text of texts) {
      const written = buffer.write(text, at + 4);
      buffer.writeUInt32BE(written, at);
      at += 4 + written;
    }
    socket.write(buffer.subarray(0, at));
  });
  return (message) => send(JSON.stringify(message));
}

/** The limit between two processes: nothing but the socket, the framing and JSON. */
export const tcp: Contender = {
  async serve() {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      const send = framed<Question>(socket, ({ id, body }) => {
        void answer(body).then((product) => send({ id, body: product }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      address: String((server.address() as { port: number }).port),
      async stop() {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    };
  },
  async connect(address) {
    const socket = connect(Number(address), "127.0.0.1");
    const pending = new Pending<Product>();
    const send = framed<Product>(socket, ({ id, body }) => pending.settle(id, body));
    return {
      call: (question) => pending.wait((id) => send({ id, body: question })),
      async stop() {
        socket.destroy();
      },
    };
  },
};
