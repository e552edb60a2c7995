import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import supertest, { type Agent, type Response } from "supertest";
import { eventually } from "./eventually.js";

/** A registered customer. */
export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly createdAt: string;
}

/** A product with what can be bought of it. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly price: { readonly currency: string; readonly amount: number };
  readonly available: number;
}

/** An order as every answer shows it. */
export interface Order {
  readonly id: string;
  readonly userId: string;
  readonly status: "pending" | "confirmed" | "rejected" | "cancelled";
  readonly items: readonly {
    readonly productId: string;
    readonly quantity: number;
    readonly price: { readonly currency: string; readonly amount: number };
  }[];
  readonly total: { readonly currency: string; readonly amount: number };
  readonly createdAt: string;
}

/** How an order is asked for. By default one piece of each product, paid with a good card. */
export interface OrderWish {
  readonly products: readonly { readonly id: string; readonly quantity?: number }[];
  readonly token?: string;
  readonly key?: string;
}

/** Stands in every product that a story makes, so that what a new shop sells can be told from it. */
export const storyProductDescription = "Made by a user story.";

/** Text that nothing else in the shop contains: stories run at once, and again in a shop that has seen them before. */
export const unique = (): string => randomUUID().replaceAll("-", "");

/** The shop as a user story sees it: people with their requests, and the steps that most stories begin with. */
export class Shop {
  constructor(readonly url: string) {}

  /** Somebody of whom the shop knows nothing. */
  anyone(): Agent {
    return supertest.agent(this.url);
  }

  /** Somebody who is about to register. */
  newcomer(): Agent {
    return supertest.agent(this.url);
  }

  /** Somebody who may add products and change stock. */
  staff(): Agent {
    return supertest.agent(this.url);
  }

  /** A registered user. The shop does not ask for proof yet: all that is said is who it is. */
  as(user: Pick<Customer, "id">): Agent {
    const agent = supertest.agent(this.url);
    agent.set("x-user-id", user.id);
    return agent;
  }

  /** Registers a new customer. */
  async customer(name = "Ada Lovelace"): Promise<Customer> {
    const { body } = await this.newcomer()
      .post("/users")
      .send({ name, email: `${unique()}@example.org` })
      .expect(201);
    return body as Customer;
  }

  /** Puts a new product on the shelves. */
  async product({ amount = 1_000, stock = 10, name = `Lot ${unique()}`, currency = "EUR" } = {}): Promise<Product> {
    const { body } = await this.staff()
      .post("/products")
      .send({ name, description: storyProductDescription, price: { currency, amount }, stock })
      .expect(201);
    return body as Product;
  }

  /** A product as anyone sees it; a busy shop may not know at first how much there is of it. */
  seen(product: Pick<Product, "id">): Promise<Product> {
    return eventually(`the stock of ${product.id} is known`, async () => {
      const { body } = await this.anyone().get(`/products/${product.id}`).expect(200);
      return (body as { available: number | null }).available === null ? undefined : (body as Product);
    });
  }

  /** How many pieces of a product anyone can buy now. */
  async available(product: Pick<Product, "id">): Promise<number> {
    return (await this.seen(product)).available;
  }

  /** Asks for an order once and gives back the answer, whatever it is. */
  async send(user: Pick<Customer, "id">, { products, token = "tok_ok", key }: OrderWish): Promise<Response> {
    const items = products.map(({ id, quantity = 1 }) => ({ productId: id, quantity }));
    const request = this.as(user).post("/orders");
    if (key !== undefined) request.set("Idempotency-Key", key);
    return request.send({ userId: user.id, items, payment: { token } });
  }

  /**
   * Asks for an order as a good client does: under a key, and again under it where a busy shop says that it needs longer
   * (202) or that nobody knows (504).
   */
  ask(user: Pick<Customer, "id">, wish: OrderWish): Promise<Response> {
    const keyed = { key: unique(), ...wish };
    return eventually(`the order under ${keyed.key} is answered`, async () => {
      const response = await this.send(user, keyed);
      return response.status === 202 || response.status === 504 ? undefined : response;
    });
  }

  /** Orders, and gives back the confirmed order. */
  async order(user: Pick<Customer, "id">, wish: OrderWish): Promise<Order> {
    const response = await this.ask(user, wish);
    assert.equal(response.status, 201, response.text);
    return response.body as Order;
  }

  /** The order once it is no longer pending. */
  settled(user: Pick<Customer, "id">, orderId: string): Promise<Order> {
    return eventually(`order ${orderId} settles`, async () => {
      const { body } = await this.as(user).get(`/orders/${orderId}`).expect(200);
      return (body as Order).status === "pending" ? undefined : (body as Order);
    });
  }

  /** The latest orders of a user, newest first. */
  async ordersOf(user: Pick<Customer, "id">): Promise<Order[]> {
    const { body } = await this.as(user).get(`/users/${user.id}/orders`).query({ limit: 100 }).expect(200);
    return (body as { items: Order[] }).items;
  }
}
