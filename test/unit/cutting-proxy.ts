import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Stands between a client and a server, and can cut their connections at the worst moment. */
export interface CuttingProxy {
  readonly port: number;
  /** From now on a message with this text arrives, and its answer does not: the connection is cut. */
  cutAfter(text: string | undefined): void;
  close(): Promise<void>;
}

/** A proxy on a free port of loopback before `port`. */
export async function cuttingProxy(port: number): Promise<CuttingProxy> {
  let fatal: string | undefined;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(port, "127.0.0.1");
    let isCut = false;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => to.destroy());
      from.on("data", (data) => {
        if (from === client && fatal !== undefined && data.includes(fatal)) isCut = true;
        if (from === server && isCut) client.destroy();
        else to.write(data);
      });
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    port: (proxy.address() as { port: number }).port,
    cutAfter: (text) => (fatal = text),
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
}
