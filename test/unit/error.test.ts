import { codes, defineContract, errorOf, fail, isCode, isError, PangaeaError, withFields } from "pangaea";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const { errors } = defineContract("things", 1, {
  procedures: {},
  errors: {
    SOLD_OUT: { code: "failed_precondition", status: 409, details: z.object({ id: z.string() }) },
    BUSY: { code: "unavailable", message: "Come back later." },
  },
});

describe("an error", () => {
  it("may be tried again only where its code is transient, whatever it says of itself", () => {
    for (const [code, { transient }] of Object.entries(codes)) {
      expect(
        new PangaeaError({ code: code as keyof typeof codes, message: "m", retryable: true }).retryable,
        code,
      ).toBe(transient);
      expect(
        new PangaeaError({ code: code as keyof typeof codes, message: "m", retryable: false }).retryable,
        code,
      ).toBe(false);
    }
    expect(
      Object.entries(codes)
        .filter(([, { transient }]) => transient)
        .map(([code]) => code),
    ).toEqual(["deadline_exceeded", "resource_exhausted", "aborted", "unavailable"]);
  });

  it("is taken for one that a handler answered with, unless it says otherwise", () => {
    expect(errorOf("internal", "m").outcome).toBe("failed");
    expect(errorOf("unavailable", "m", { outcome: "not-sent" }).outcome).toBe("not-sent");
  });

  it("keeps everything but the fields that are replaced", () => {
    const cause = new Error("the reason");
    const error = new PangaeaError({
      code: "unavailable",
      message: "m",
      reason: "R",
      domain: "d",
      details: { a: 1 },
      outcome: "unknown",
      cause,
    });
    const other = withFields(error, { outcome: "not-sent" });
    expect(other).toMatchObject({
      code: "unavailable",
      message: "m",
      reason: "R",
      domain: "d",
      details: { a: 1 },
      outcome: "not-sent",
      retryable: true,
    });
    expect(other.cause).toBe(cause);
    expect(withFields(withFields(error, { retryable: false }), { outcome: "failed" }).retryable).toBe(false);
  });

  it("of a contract carries reason, origin and details, and a message that can be read", () => {
    expect(fail(errors.SOLD_OUT, { id: "1" })).toMatchObject({
      code: "failed_precondition",
      reason: "SOLD_OUT",
      domain: "things",
      details: { id: "1" },
      message: "sold out",
    });
    expect(fail(errors.BUSY).message).toBe("Come back later.");
    expect(fail(errors.BUSY, undefined, "Closed today.").message).toBe("Closed today.");
  });

  it("is recognised by reason and origin, and not by its code", () => {
    const error = fail(errors.SOLD_OUT, { id: "1" });
    expect(isError(error, errors.SOLD_OUT)).toBe(true);
    expect(isError(error, errors.BUSY)).toBe(false);
    expect(isError(error, { ...errors.SOLD_OUT, domain: "others" })).toBe(false);
    expect(isError(errorOf("failed_precondition", "m"), errors.SOLD_OUT)).toBe(false);
  });

  it("is recognised when another copy of the package made it, and nothing else is", () => {
    const foreign = Object.assign(new Error("m"), { code: "internal", [Symbol.for("pangaea.error")]: true });
    expect(isError(foreign)).toBe(true);
    for (const other of [new Error("m"), { code: "internal", message: "m" }, "internal", null, undefined, 1])
      expect(isError(other)).toBe(false);
  });

  it("has one of sixteen codes, and no inherited name is one", () => {
    expect(Object.keys(codes)).toHaveLength(16);
    for (const other of ["toString", "__proto__", "", 5, null]) expect(isCode(other)).toBe(false);
    expect(isCode("not_found")).toBe(true);
  });
});
