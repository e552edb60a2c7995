import { describe, expect, it } from "vitest";
import { selfTimeOf } from "../../bench/profile.js";
import { placeOf } from "../../bench/profile-place.js";

const frame = (functionName: string, url = "", scriptId = "0") => ({
  functionName,
  url,
  scriptId,
  lineNumber: 11,
  columnNumber: 0,
});

describe("a frame", () => {
  it.each([
    ["file:///srv/shop/dist/src/client/client.js", "src/client", "src/client/client.js"],
    ["file:///srv/shop/dist/transports/http/client.js", "transports/http", "transports/http/client.js"],
    ["file:///srv/shop/node_modules/zod/v4/core/parse.js", "zod", "zod/v4/core/parse.js"],
    ["/srv/dist/node_modules/@nestjs/core/dist/app.js", "@nestjs/core", "@nestjs/core/dist/app.js"],
    ["node:net", "node:net", "node:net"],
    ["node:internal/streams/writable", "node:internal/streams", "node:internal/streams/writable"],
  ])("of %s belongs to %s", (url, inPackage, file) => {
    expect(placeOf(frame("run", url, "9"))).toEqual({ name: `run ${file}:12`, package: inPackage });
  });

  it("without a file belongs to the engine, to generated code or to native code", () => {
    expect(placeOf(frame("(garbage collector)"))?.package).toBe("GC");
    expect(placeOf(frame("copy", "", "17"))?.package).toBe("generated code");
    expect(placeOf(frame("writev"))).toEqual({ name: "writev (native code)", package: "native code" });
    expect(placeOf(frame("(idle)"))).toBeUndefined();
  });
});

describe("self time", () => {
  const nodes = [
    frame("(idle)"),
    frame("call", "file:///srv/dist/src/client/client.js", "1"),
    frame("route", "file:///srv/dist/src/client/route.js", "2"),
    frame("(garbage collector)"),
  ].map((callFrame, id) => ({ id, callFrame }));
  const profileOf = (samples: readonly (readonly [id: number, timeUs: number])[]) => ({
    nodes,
    startTime: 0,
    endTime: 0,
    samples: samples.map(([id]) => id),
    timeDeltas: samples.map(([, timeUs]) => timeUs),
  });

  it("is shared out over what was busy, by function and by folder", () => {
    const { functions, packages } = selfTimeOf(
      profileOf([
        [1, 250],
        [2, 250],
        [0, 4_000],
        [3, 500],
        [1, 1_000],
      ]),
    );
    expect(functions).toEqual([
      { name: "call src/client/client.js:12", share: 0.625 },
      { name: "GC", share: 0.25 },
      { name: "route src/client/route.js:12", share: 0.125 },
    ]);
    expect(packages).toEqual([
      { name: "src/client", share: 0.75 },
      { name: "GC", share: 0.25 },
    ]);
  });

  it("leaves out what a stall swallowed", () => {
    const { packages } = selfTimeOf(
      profileOf([
        [1, 300],
        [3, 900_000],
      ]),
    );
    expect(packages).toEqual([{ name: "src/client", share: 1 }]);
  });
});
