import type { CreateTransport, Transport } from "../../src/core/index.js";
import { connectHttp } from "./client.js";
import { serveHttp } from "./server.js";

const defaultMaxMessageBytes = 4 * 1024 * 1024;
const defaultConnections = 64;

function wholeNumber(settings: Readonly<Record<string, string>>, key: string, otherwise: number): number {
  const text = settings[key];
  if (text === undefined) return otherwise;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (value === 0) throw new Error(`Setting ${key} of transport http: "${text}" must be a whole number above 0`);
  return value;
}

/**
 * Calls over HTTP/1.1 in the public Connect protocol's unary JSON form, so that `curl` and any Connect client can call a
 * service; addresses read `http://host:port`. Settings: `maxMessageBytes` (default 4 MiB) and `connections`, how many a
 * client holds to one address (default 64; further calls wait for one).
 */
export const createTransport: CreateTransport = (options): Transport => {
  const maxMessageBytes = wholeNumber(options.settings, "maxMessageBytes", defaultMaxMessageBytes);
  const connections = wholeNumber(options.settings, "connections", defaultConnections);
  /** What cuts off each connection and listener that still stands. */
  const cuts = new Set<() => Promise<void>>();

  return {
    name: "http",
    features: { remote: true, maxMessageBytes, dynamicAddress: true },
    connect(address) {
      const connection = connectHttp(address, maxMessageBytes, connections, options);
      const close = () => {
        cuts.delete(close);
        return connection.close();
      };
      cuts.add(close);
      return { ...connection, close };
    },
    async serve(address, handler) {
      const { listener, cut } = await serveHttp(address, handler, maxMessageBytes, options);
      cuts.add(cut);
      return {
        ...listener,
        async close() {
          await listener.close();
          cuts.delete(cut);
        },
      };
    },
    async close() {
      await Promise.all([...cuts].map((cut) => cut()));
      cuts.clear();
    },
  };
};
