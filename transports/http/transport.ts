import type { CreateTransport, Transport } from "../../src/core/index.js";
import { connectHttp, type HttpClient } from "./client.js";
import { type HttpServer, serveHttp } from "./server.js";

const defaultMaxMessageBytes = 4 * 1024 * 1024;
const defaultConnections = 32;

function wholeNumber(settings: Readonly<Record<string, string>>, key: string, otherwise: number): number {
  const text = settings[key];
  if (text === undefined) return otherwise;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (value === 0) throw new Error(`Setting ${key} of transport http: "${text}" must be a whole number above 0`);
  return value;
}

function onOrOff(settings: Readonly<Record<string, string>>, key: string): boolean {
  const text = settings[key] ?? "on";
  if (text !== "on" && text !== "off") throw new Error(`Setting ${key} of transport http: "${text}" must be on or off`);
  return text === "on";
}

/** The transport, and how much it holds. */
export interface HttpTransport extends Transport {
  /** All of them are 0 when nothing is under way. */
  gauges(): { readonly pendingCalls: number; readonly inFlight: number };
}

/**
 * Calls over HTTP/1.1; addresses read `http://host:port`. Two Pangaea processes upgrade a connection and speak in frames;
 * where that is refused, calls go as batches; and `curl` and any Connect client can call a service on the same port, in
 * the Connect protocol's unary JSON form. Settings: `maxMessageBytes` (default 4 MiB), `upgrade` (`on` or `off`, where it
 * is known to be refused) and `connections`, how many batches a client has under way (default 32).
 */
export const createTransport = ((options): HttpTransport => {
  const { settings } = options;
  const maxMessageBytes = wholeNumber(settings, "maxMessageBytes", defaultMaxMessageBytes);
  const connections = wholeNumber(settings, "connections", defaultConnections);
  const upgrade = onOrOff(settings, "upgrade");
  const clients = new Set<HttpClient>();
  const servers = new Set<HttpServer>();

  return {
    name: "http",
    features: { remote: true, maxMessageBytes, dynamicAddress: true },
    connect(address) {
      const client = connectHttp(address, { ...options, maxMessageBytes, connections, upgrade });
      clients.add(client);
      const close = async () => {
        await client.close();
        clients.delete(client);
      };
      return { call: client.call, subscribe: client.subscribe, close };
    },
    async serve(address, handler) {
      const server = await serveHttp(address, handler, { ...options, maxMessageBytes, upgrade });
      servers.add(server);
      return {
        ...server.listener,
        async close() {
          await server.listener.close();
          servers.delete(server);
        },
      };
    },
    async close() {
      await Promise.all([
        ...[...clients].map((client) => client.close()),
        ...[...servers].map((server) => server.cut()),
      ]);
      clients.clear();
      servers.clear();
    },
    gauges: () => ({
      pendingCalls: [...clients].reduce((sum, { pending }) => sum + pending, 0),
      inFlight: [...servers].reduce((sum, { running }) => sum + running, 0),
    }),
  };
}) satisfies CreateTransport;
