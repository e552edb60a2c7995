import { Pool } from "undici";
import type { Connect } from "./contender.js";
import type { Product } from "./work.js";

/** Asks a GET route over HTTP, as anything outside would. The same for every contender of the area `gateway`. */
export const askEdge: Connect = async (address) => {
  const pool = new Pool(address, { connections: 64 });
  return {
    async call({ id, reviews, paceMs }) {
      const path = `/products/${id}?reviews=${reviews}&paceMs=${paceMs}`;
      const { statusCode, body } = await pool.request({ path, method: "GET" });
      if (statusCode !== 200) throw new Error(`GET ${path}: ${statusCode} ${await body.text()}`);
      return (await body.json()) as Product;
    },
    stop: () => pool.destroy(),
  };
};

const variable = new Set(["date", "connection", "keep-alive", "content-type", "content-length", "x-request-id"]);

/** The headers that an edge puts on every answer, without those that belong to one answer. */
export async function fixedHeaders(address: string): Promise<Record<string, string>> {
  const response = await fetch(`${address}/healthz`);
  await response.body?.cancel();
  return Object.fromEntries([...response.headers].filter(([name]) => !variable.has(name)));
}
