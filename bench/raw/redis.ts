import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Contender } from "../contender.js";
import { answer, type Product, type Question } from "../work.js";
import { Pending, perTick } from "./batch.js";

interface Message<Body> {
  readonly id: number;
  readonly body: Body;
}

const questionsChannel = "raw-questions";
const repliesChannel = "raw-replies";

async function open(redisUrl: string): Promise<Socket> {
  const { hostname, port } = new URL(redisUrl);
  const socket = connect(Number(port), hostname).setNoDelay(true);
  await once(socket, "connect");
  return socket;
}

/** Sends JSON texts to a channel, those of one tick as one array in one PUBLISH. */
async function publisher(redisUrl: string, channel: string) {
  const socket = await open(redisUrl);
  socket.resume();
  const head = `*3\r\n$7\r\nPUBLISH\r\n$${channel.length}\r\n${channel}\r\n`;
  const send = perTick(16 * 1024, (texts) => {
    const payload = `[${texts.join(",")}]`;
    socket.write(`${head}$${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
  });
  return { send, stop: () => void socket.destroy() };
}

/** Listens to a channel; understands only what Redis sends to a subscriber: `*3 $7 message $n channel $n payload`. */
async function subscriber(redisUrl: string, channel: string, receive: (message: any) => void) {
  const socket = await open(redisUrl);
  socket.write(`SUBSCRIBE ${channel}\r\n`);
  await once(socket, "data");
  const head = `*3\r\n$7\r\nmessage\r\n$${channel.length}\r\n${channel}\r\n$`;
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const lengthEnd = data.indexOf("\r\n", at + head.length);
      if (lengthEnd < 0) break;
      const start = lengthEnd + 2;
      const end = start + Number(data.toString("latin1", at + head.length, lengthEnd));
      if (end + 2 > data.length) break;
      for (const message of JSON.parse(data.toString("utf8", start, end)) as unknown[]) receive(message);
      at = end + 2;
    }
    rest = data.subarray(at);
  });
  return { stop: () => void socket.destroy() };
}

/** The limit over Redis pub/sub. */
export const redis: Contender = {
  async serve({ redisUrl }) {
    const replies = await publisher(redisUrl, repliesChannel);
    const questions = await subscriber(redisUrl, questionsChannel, ({ id, body }: Message<Question>) => {
      void answer(body).then((product) => replies.send(JSON.stringify({ id, body: product })));
    });
    return {
      address: "",
      async stop() {
        questions.stop();
        replies.stop();
      },
    };
  },
  async connect(_address, { redisUrl }) {
    const pending = new Pending<Product>();
    const questions = await publisher(redisUrl, questionsChannel);
    const replies = await subscriber(redisUrl, repliesChannel, ({ id, body }: Message<Product>) =>
      pending.settle(id, body),
    );
    return {
      call: (question) => pending.wait((id) => questions.send(JSON.stringify({ id, body: question }))),
      async stop() {
        questions.stop();
        replies.stop();
      },
    };
  },
};
