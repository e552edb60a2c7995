import { decodeCursor, encodeCursor, isError, pageOf } from "pangaea";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { firstProducts } from "../../modules/catalog/domain/first-products.js";
import { searchTerm, searchText } from "../../modules/catalog/domain/search.js";
import { catalog } from "../../modules/catalog/contract.js";
import { inventory } from "../../modules/inventory/contract.js";
import { releasing, restocking } from "../../modules/inventory/domain/reservation.js";
import { orders } from "../../modules/orders/contract.js";
import { mergeLines, priceLines, totalOf } from "../../modules/orders/domain/order-items.js";
import { canBecome } from "../../modules/orders/domain/order-status.js";
import { verdictOf } from "../../modules/payments/domain/card-processor.js";
import { refunding } from "../../modules/payments/domain/payment-status.js";
import { onSale, overviewOf } from "../../modules/storefront/domain/composition.js";
import { normalEmail } from "../../modules/users/domain/email.js";

const euro = (amount: number) => ({ currency: "EUR", amount });
const product = (id: string, price: { currency: string; amount: number }) => ({ id, name: id, description: "", price });

function errorOfCall(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("money of an order", () => {
  it("merges lines of one product and keeps the order in which products were named", () => {
    const lines = mergeLines([
      { productId: "b", quantity: 1 },
      { productId: "a", quantity: 2 },
      { productId: "b", quantity: 3 },
    ]);
    expect(lines).toEqual([
      { productId: "b", quantity: 4 },
      { productId: "a", quantity: 2 },
    ]);
  });

  it("adds up price times quantity in whole minor units", () => {
    const items = priceLines(
      [
        { productId: "a", quantity: 3 },
        { productId: "b", quantity: 1 },
      ],
      [product("b", euro(1)), product("a", euro(1_999))],
    );
    expect(totalOf(items)).toEqual(euro(5_998));
  });

  it("names the first product that the catalogue does not have", () => {
    const error = errorOfCall(() => priceLines([{ productId: "gone", quantity: 1 }], []));
    expect(isError(error, catalog.errors.PRODUCT_NOT_FOUND) && error.details).toEqual({ productId: "gone" });
  });

  it("refuses to add up different currencies", () => {
    const items = [
      { productId: "a", quantity: 1, price: euro(1) },
      { productId: "b", quantity: 1, price: { currency: "USD", amount: 1 } },
    ];
    expect(
      isError(
        errorOfCall(() => totalOf(items)),
        orders.errors.MIXED_CURRENCIES,
      ),
    ).toBe(true);
  });
});

it("lets an order be confirmed or rejected once, and cancelled only when confirmed", () => {
  const all = ["pending", "confirmed", "rejected", "cancelled"] as const;
  const allowed = all.flatMap((from) => all.filter((to) => canBecome(from, to)).map((to) => `${from} → ${to}`));
  expect(allowed).toEqual(["pending → confirmed", "pending → rejected", "confirmed → cancelled"]);
});

it("passes errors of other services through with their own domain and status", () => {
  expect(orders.errors.OUT_OF_STOCK).toMatchObject({ domain: "inventory", status: 409 });
  expect(orders.errors.PAYMENT_DECLINED).toMatchObject({ domain: "payments", status: 402 });
  expect(inventory.errors.PRODUCT_NOT_FOUND).toMatchObject({ domain: "inventory", status: 404 });
});

describe("card processor", () => {
  it.each([
    ["tok_ok", true, 0],
    ["tok_slow", true, 3_000],
    ["tok_declined", false, 0],
    ["tok_of_nobody", false, 0],
  ])("%s: approved %s after %d ms", (token, approved, delayMs) => {
    expect(verdictOf(token)).toMatchObject({ approved, delayMs });
  });
});

describe("undo before do", () => {
  it("closes an order that was never reserved, and returns no items", () => {
    expect(releasing(undefined)).toEqual({ state: "released", returnsItems: false });
    expect(restocking("released")).toEqual({ state: "released", returnsItems: false });
  });

  it("releases a reservation but not a sale, which only restocking takes back", () => {
    expect(releasing("reserved")).toEqual({ state: "released", returnsItems: true });
    expect(releasing("sold")).toEqual({ state: "sold", returnsItems: false });
    expect(restocking("sold")).toEqual({ state: "released", returnsItems: true });
  });

  it("voids an order that was never charged, and refunds one that was, once", () => {
    expect([undefined, "captured", "refunded", "voided"].map((status) => refunding(status as never))).toEqual([
      "voided",
      "refunded",
      "refunded",
      "voided",
    ]);
  });
});

describe("what customers see", () => {
  it("shows an unknown stock as none, and null where inventory cannot say", () => {
    const products = [product("a", euro(1)), product("b", euro(1))];
    const available = (levels: { productId: string; available: number }[] | null) =>
      onSale(products, levels).map((each) => each.available);
    expect(available([{ productId: "b", available: 7 }])).toEqual([0, 7]);
    expect(available(null)).toEqual([null, null]);
  });

  it("names the parts of an overview that are missing", () => {
    const user = { id: "u", name: "Ada", email: "ada@example.org", createdAt: "2030-01-01T00:00:00.000Z" };
    expect(overviewOf({ user, orders: null, notifications: [] }).unavailable).toEqual(["orders"]);
    expect(overviewOf({ user, orders: [], notifications: [] }).unavailable).toEqual([]);
  });
});

it("treats an email address in other letters and with spaces around as the same", () => {
  expect(normalEmail("  Ada@Example.ORG ")).toBe("ada@example.org");
});

describe("search", () => {
  it("folds letters beyond A to Z, and takes % and _ for themselves", () => {
    expect(searchText({ name: "Größe", description: "ÉTÉ" })).toBe("größe\nété");
    expect(searchTerm(" 100%_ÄRM\\ ")).toBe("100%_ärm\\");
  });
});

it("has a dozen first products with different ids, all in stock", () => {
  expect(new Set(firstProducts.map((first) => first.product.id)).size).toBeGreaterThanOrEqual(12);
  expect(firstProducts.every((first) => first.stock > 0 && first.product.price.amount > 0)).toBe(true);
});

describe("cursor", () => {
  const Position = z.tuple([z.string(), z.int()]);
  const invalid = catalog.errors.INVALID_CURSOR;

  it("comes back as the position it was made of", () => {
    expect(decodeCursor(encodeCursor(["Stühle/+=", 7]), Position, invalid)).toEqual(["Stühle/+=", 7]);
    expect(decodeCursor(undefined, Position, invalid)).toBeUndefined();
  });

  it.each(["", "nonsense", encodeCursor(["a"]), encodeCursor(["a", "b"]), encodeCursor(["a", 1, 2])])(
    "throws the module's own error for %j",
    (cursor) => {
      expect(
        isError(
          errorOfCall(() => decodeCursor(cursor, Position, invalid)),
          invalid,
        ),
      ).toBe(true);
    },
  );

  it("asks for a next page only where a row too many was read", () => {
    expect(pageOf(["a", "b"], 2, (row) => [row])).toEqual({ items: ["a", "b"], nextCursor: null });
    expect(pageOf(["a", "b", "c"], 2, (row) => [row])).toEqual({ items: ["a", "b"], nextCursor: encodeCursor(["b"]) });
    expect(pageOf([], 2, (row) => [row])).toEqual({ items: [], nextCursor: null });
  });
});
