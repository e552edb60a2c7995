import { Pool } from "undici";
import type { Connect } from "../contender.js";
import type { Product } from "../work.js";

const headers = { "content-type": "application/json" };

/** A client as one writes it: a keep-alive POST for each call. */
export const postPerCall: Connect = async (address) => {
  const pool = new Pool(address, { connections: 64 });
  return {
    async call(question) {
      const { statusCode, body } = await pool.request({
        path: "/product/get",
        method: "POST",
        headers,
        body: JSON.stringify(question),
      });
      if (statusCode !== 200) throw new Error(`status ${statusCode}: ${await body.text()}`);
      return (await body.json()) as Product;
    },
    stop: () => pool.destroy(),
  };
};
