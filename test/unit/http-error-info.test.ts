import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeErrorInfo, encodeErrorInfo } from "../../transports/http/error-info.js";

const info = {
  reason: "OUT_OF_STOCK",
  domain: "inventory",
  metadata: new Map([
    ["outcome", "failed"],
    ["details", '{"left":0,"what":"ß ✓"}'],
  ]),
};

describe("google.rpc.ErrorInfo in protobuf's binary form", () => {
  it("is written as protobuf says", () => {
    const bytes = encodeErrorInfo({ reason: "R", domain: "d", metadata: new Map([["k", "v"]]) });
    expect(bytes.toString("hex")).toBe("0a0152 120164 1a06 0a016b 120176".replaceAll(" ", ""));
  });

  it("comes back as it was, whatever the texts", () => {
    const texts = fc.string({ unit: "grapheme", maxLength: 300 });
    fc.assert(
      fc.property(texts, texts, fc.array(fc.tuple(texts, texts)), (reason, domain, entries) => {
        const sent = { reason, domain, metadata: new Map(entries) };
        expect(decodeErrorInfo(encodeErrorInfo(sent))).toEqual(sent);
      }),
    );
  });

  it("is empty where there are no bytes", () => {
    expect(encodeErrorInfo({ reason: "", domain: "", metadata: new Map() })).toHaveLength(0);
    expect(decodeErrorInfo(Buffer.alloc(0))).toEqual({ reason: "", domain: "", metadata: new Map() });
  });

  it("skips fields that a later version may add", () => {
    const later = Buffer.from("209601 290102030405060708 3501020304 3a0178".replaceAll(" ", ""), "hex");
    expect(decodeErrorInfo(Buffer.concat([later, encodeErrorInfo(info), later]))).toEqual(info);
  });

  it("is undefined, or at least without what is missing, when cut off anywhere", () => {
    const bytes = encodeErrorInfo(info);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeErrorInfo(bytes.subarray(0, length))).not.toEqual(info);
    }
    expect(decodeErrorInfo(bytes.subarray(0, bytes.length - 1))).toBeUndefined();
  });

  it.each([
    ["a length beyond the end", "0aff01"],
    ["a length of many bytes", "0affffffffffffffffff01"],
    ["a number that never ends", "ffffffffffffffffffffffffff"],
    ["a group, which is no longer used", "0b"],
    ["text that is not UTF-8", "0a02c328"],
  ])("is undefined for %s", (_what, hex) => {
    expect(decodeErrorInfo(Buffer.from(hex, "hex"))).toBeUndefined();
  });

  it("never throws on garbage", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeErrorInfo(Buffer.from(bytes))));
  });

  it("takes a hostile key for data", () => {
    const hostile = { reason: "", domain: "", metadata: new Map([["__proto__", "polluted"]]) };
    expect(decodeErrorInfo(encodeErrorInfo(hostile))?.metadata.get("__proto__")).toBe("polluted");
    expect(Object.prototype).not.toHaveProperty("polluted");
  });
});
