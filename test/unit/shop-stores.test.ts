import { type Contract, isError, type Migration, rootContext, type SagaResult, systemClock, systemIds } from "pangaea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CatalogRepository } from "../../modules/catalog/catalog-repository.js";
import { CatalogSeed } from "../../modules/catalog/catalog-seed.js";
import { CatalogService } from "../../modules/catalog/catalog-service.js";
import { catalog } from "../../modules/catalog/contract.js";
import { firstProducts } from "../../modules/catalog/domain/first-products.js";
import { migrations as catalogTables } from "../../modules/catalog/migrations/index.js";
import { migrations as notificationTables } from "../../modules/notifications/migrations/index.js";
import { NotificationsRepository } from "../../modules/notifications/notifications-repository.js";
import { NotificationsService } from "../../modules/notifications/notifications-service.js";
import { orders, type OrderStatus } from "../../modules/orders/contract.js";
import { migrations as orderTables } from "../../modules/orders/migrations/index.js";
import { OrdersRepository } from "../../modules/orders/orders-repository.js";
import { OrdersService } from "../../modules/orders/orders-service.js";
import { OrderEndings } from "../../modules/orders/sagas/order-endings.js";
import { payments } from "../../modules/payments/contract.js";
import { migrations as paymentTables } from "../../modules/payments/migrations/index.js";
import { PaymentsRepository } from "../../modules/payments/payments-repository.js";
import { PaymentsService } from "../../modules/payments/payments-service.js";
import { users } from "../../modules/users/contract.js";
import { migrations as userTables } from "../../modules/users/migrations/index.js";
import { UsersRepository } from "../../modules/users/users-repository.js";
import { UsersService } from "../../modules/users/users-service.js";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { openStore } from "./open-store.js";
import { kinds, type Place } from "./places.js";

let place: Place;
const opened: ModuleStore[] = [];

async function open({ name: module }: Contract, migrations: readonly Migration[]): Promise<ModuleStore> {
  const store = await openStore({ module, backend: await place.open(), migrations, clock: systemClock });
  opened.push(store);
  return store;
}

const ctx = () => rootContext(systemClock, 30_000);
const refusal = async (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );
const ending = (result: SagaResult) => ({ settled: () => Promise.resolve(result) });
const completed = ending({ status: "completed", failure: undefined });
const running = ending({ status: "running", failure: undefined });
const euro = (amount: number) => ({ currency: "EUR", amount });

describe.each(kinds)("on $kind", ({ newPlace }) => {
  beforeEach(() => {
    place = newPlace();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
    place.remove();
  });

  describe("users", () => {
    it("gives an address to one user only, also when two ask at once in different letters", async () => {
      const store = await open(users, userTables);
      const service = new UsersService(new UsersRepository(store), store, systemIds, systemClock);
      const answers = await Promise.allSettled(
        ["ada@example.org", "ADA@example.org"].map((email) => service.create({ name: "Ada", email }, ctx())),
      );
      const created = answers.find((answer) => answer.status === "fulfilled")!.value;
      const refused = answers.find((answer) => answer.status === "rejected")!.reason as unknown;
      expect(isError(refused, users.errors.EMAIL_TAKEN)).toBe(true);
      expect(created.email).toBe("ada@example.org");
      expect(await service.get({ id: created.id })).toEqual(created);
      expect(isError(await refusal(service.get({ id: "u_nobody" })), users.errors.USER_NOT_FOUND)).toBe(true);
    });
  });

  describe("catalog", () => {
    const openCatalog = async (sagas = completed) => {
      const store = await open(catalog, catalogTables);
      const repository = new CatalogRepository(store);
      const service = new CatalogService(repository, store, sagas, systemIds);
      return { store, service, seed: new CatalogSeed(repository, store) };
    };

    it("is filled at the first start only, each product with the saga that brings its stock", async () => {
      const { store, service, seed } = await openCatalog();
      await seed.seed(ctx());
      await seed.seed(ctx());
      expect((await service.list({ limit: 100 })).items).toHaveLength(firstProducts.length);
      const sagas = await store.framework.selectFrom("pangaea_saga").select("id").execute();
      expect(sagas.map((saga) => saga.id).toSorted()).toEqual(
        firstProducts.map(({ product: { id } }) => id).toSorted(),
      );
    });

    it("gives every product once over pages of any size, by name", async () => {
      const { service, seed } = await openCatalog();
      await seed.seed(ctx());
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await service.list({ limit: 4, cursor });
        names.push(...page.items.map((item) => item.name));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(names).toEqual(firstProducts.map((first) => first.product.name).toSorted());
    });

    it("finds text in name and description in any letter case, and takes wildcards for themselves", async () => {
      const { service } = await openCatalog();
      const create = (name: string, description: string) =>
        service.create({ name, description, price: euro(100), stock: 1 }, ctx());
      await create("Größe XL", "A shirt");
      await create("Mug", "Holds 100% of your tea");
      const found = async (query: string) => (await service.list({ query, limit: 10 })).items.map((item) => item.name);
      expect(await found("GRÖSSE")).toEqual([]);
      expect(await found("GRÖßE")).toEqual(["Größe XL"]);
      expect(await found("0% OF")).toEqual(["Mug"]);
      expect(await found("1_0")).toEqual([]);
      expect(isError(await refusal(service.list({ limit: 1, cursor: "?" })), catalog.errors.INVALID_CURSOR)).toBe(true);
    });

    it("does not say that a product is ready while its stock is not set", async () => {
      const { service } = await openCatalog(running);
      const error = await refusal(service.create({ name: "Mug", description: "", price: euro(1), stock: 1 }, ctx()));
      expect(isError(error) && error.code).toBe("deadline_exceeded");
    });
  });

  describe("payments", () => {
    const charge = { orderId: "o_1", userId: "u_1", amount: euro(500), token: "tok_ok" };
    const openPayments = async () => {
      const store = await open(payments, paymentTables);
      return new PaymentsService(new PaymentsRepository(store), store, systemClock);
    };

    it("takes the money once and gives it back once", async () => {
      const service = await openPayments();
      const payment = await service.charge(charge, ctx());
      expect(await service.charge(charge, ctx())).toEqual(payment);
      await service.refund({ orderId: "o_1" }, ctx());
      await service.refund({ orderId: "o_1" }, ctx());
      expect(await service.get({ orderId: "o_1" })).toEqual({ ...payment, status: "refunded" });
      expect(isError(await refusal(service.charge(charge, ctx())), payments.errors.PAYMENT_CLOSED)).toBe(true);
    });

    it("refuses a charge that comes after its refund", async () => {
      const service = await openPayments();
      expect(await service.refund({ orderId: "o_1" }, ctx())).toEqual({ orderId: "o_1", status: "voided" });
      expect(isError(await refusal(service.charge(charge, ctx())), payments.errors.PAYMENT_CLOSED)).toBe(true);
      expect(isError(await refusal(service.get({ orderId: "o_1" })), payments.errors.PAYMENT_NOT_FOUND)).toBe(true);
    });

    it("says why a card was declined, and keeps nothing of it", async () => {
      const service = await openPayments();
      const error = await refusal(service.charge({ ...charge, token: "tok_typo" }, ctx()));
      expect(isError(error, payments.errors.PAYMENT_DECLINED) && error.message).toContain("does not know this token");
      expect((await service.charge(charge, ctx())).status).toBe("captured");
    });

    it("charges nothing when the caller gives up while the processor thinks", async () => {
      const service = await openPayments();
      const context = ctx();
      const charging = refusal(service.charge({ ...charge, token: "tok_slow" }, context));
      context.cancellation.cancel();
      expect(isError(await charging)).toBe(true);
      expect(isError(await refusal(service.get({ orderId: "o_1" })), payments.errors.PAYMENT_NOT_FOUND)).toBe(true);
    });
  });

  describe("orders", () => {
    const user = { id: "u_1", name: "Ada", email: "ada@example.org", createdAt: "2030-01-01T00:00:00.000Z" };
    const product = { id: "p_1", name: "Mug", description: "", price: euro(250) };
    const never = () => Promise.reject(new Error("not called here"));
    const usersClient = { create: never, get: () => Promise.resolve(user) };
    const catalogClient = {
      create: never,
      get: never,
      list: never,
      getMany: () => Promise.resolve({ products: [product] }),
    };
    const request = { userId: "u_1", items: [{ productId: "p_1", quantity: 2 }], payment: { token: "tok_ok" } };

    const openOrders = async () => {
      const store = await open(orders, orderTables);
      const repository = new OrdersRepository(store);
      const serviceWith = (sagas: typeof completed) =>
        new OrdersService(usersClient, catalogClient, repository, store, sagas, systemIds, systemClock);
      const endings = new OrderEndings(repository);
      const events = () => store.framework.selectFrom("pangaea_outbox").select("name").orderBy("position").execute();
      return { store, endings, serviceWith, service: serviceWith(running), events };
    };

    it("keeps items, prices and total, and answers pending while the saga runs", async () => {
      const { service } = await openOrders();
      const order = await service.place(request, ctx());
      const items = [{ productId: "p_1", quantity: 2, price: euro(250) }];
      expect(order).toMatchObject({ userId: "u_1", status: "pending", items, total: euro(500) });
      expect(await service.get({ id: order.id })).toEqual(order);
    });

    it("throws what the saga was refused with", async () => {
      const { serviceWith } = await openOrders();
      const { PAYMENT_DECLINED: declined } = orders.errors;
      const failure = {
        ...declined,
        message: "Declined.",
        outcome: "failed",
        retryable: false,
        details: undefined,
      } as const;
      const error = await refusal(serviceWith(ending({ status: "compensated", failure })).place(request, ctx()));
      expect(isError(error, payments.errors.PAYMENT_DECLINED)).toBe(true);
    });

    it("ends once, whichever ending comes first, and tells of that one only", async () => {
      const { store, endings, service, events } = await openOrders();
      const { id: orderId } = await service.place(request, ctx());
      const order = { orderId, userId: "u_1" };
      await store.commit(ctx(), (tx) => endings.cancel(tx, order));
      await store.commit(ctx(), (tx) => endings.reject(tx, order, undefined));
      await store.commit(ctx(), (tx) => endings.confirm(tx, order));
      expect((await service.get({ id: orderId })).status).toBe("rejected" satisfies OrderStatus);
      expect(await events()).toEqual([{ name: "rejected" }]);
    });

    it("cancels a confirmed order only, and says so again when asked again", async () => {
      const { store, endings, service } = await openOrders();
      const { id } = await service.place(request, ctx());
      const order = { orderId: id, userId: "u_1" };
      const early = await refusal(service.cancel({ id }, ctx()));
      expect(isError(early, orders.errors.ORDER_NOT_CANCELLABLE) && early.details).toEqual({ status: "pending" });
      await store.commit(ctx(), (tx) => endings.confirm(tx, order));
      expect((await service.cancel({ id }, ctx())).status).toBe("confirmed");
      await store.commit(ctx(), (tx) => endings.cancel(tx, order));
      expect((await service.cancel({ id }, ctx())).status).toBe("cancelled");
      expect(isError(await refusal(service.cancel({ id: "o_0" }, ctx())), orders.errors.ORDER_NOT_FOUND)).toBe(true);
    });

    it("lists a user's orders newest first, each once over all pages", async () => {
      const { service } = await openOrders();
      for (let i = 0; i < 5; i++) await service.place(request, ctx());
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await service.list({ id: "u_1", limit: 2, cursor });
        seen.push(...page.items.map((order) => `${order.createdAt} ${order.id}`));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual(seen.toSorted().toReversed());
      expect(new Set(seen).size).toBe(5);
      expect((await service.list({ id: "u_2", limit: 2 })).items).toEqual([]);
    });
  });

  describe("notifications", () => {
    it("keeps one of a kind for an order, and each user's own", async () => {
      const store = await open({ name: "notifications" } as Contract, notificationTables);
      const service = new NotificationsService(new NotificationsRepository(store), store, systemIds, systemClock);
      const order = { orderId: "o_1", userId: "u_1" };
      await service.notify("order-confirmed", order, ctx());
      await service.notify("order-confirmed", order, ctx());
      await service.notify("order-cancelled", order, ctx());
      const { items, nextCursor } = await service.list({ id: "u_1", limit: 10 });
      expect(items.map((item) => item.kind).toSorted()).toEqual(["order-cancelled", "order-confirmed"]);
      expect(nextCursor).toBeNull();
      expect((await service.list({ id: "u_2", limit: 10 })).items).toEqual([]);
    });
  });
});
