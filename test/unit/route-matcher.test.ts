import { defineContract, read } from "pangaea";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { RouteMatcher } from "../../src/gateway/match.js";
import { edgeRoutes } from "../../src/gateway/routes.js";

const empty = z.object({});
const contract = (routes: readonly string[]) =>
  defineContract("shop", 1, {
    procedures: Object.fromEntries(
      routes.map((route, index) => [
        `p${index}`,
        read({ input: empty, output: empty, access: "public", http: { route: route as "GET /" } }),
      ]),
    ),
  });
const matcher = (...routes: string[]) => new RouteMatcher(edgeRoutes([contract(routes)], () => ({})));
const found = (routes: readonly string[], verb: string, url: string) => {
  const match = matcher(...routes).find(verb, url);
  return match && [match.route.path, Object.fromEntries(match.params)];
};

describe("the route of a request", () => {
  const shop = [
    "GET /things",
    "GET /things/:id",
    "GET /things/latest",
    "GET /things/:id/parts/:part",
    "PUT /things/:id",
  ];

  it.each([
    ["GET", "/things", "/things", {}],
    ["GET", "/things?limit=3&x=/things/7", "/things", {}],
    ["GET", "/things/", "/things", {}],
    ["GET", "/THINGS/7", "/things/:id", { id: "7" }],
    ["HEAD", "/things/7", "/things/:id", { id: "7" }],
    ["GET", "/things/latest", "/things/latest", {}],
    ["GET", "/things/LaTest", "/things/latest", {}],
    ["PUT", "/things/latest", "/things/:id", { id: "latest" }],
    ["GET", "/things/latest/parts/9", "/things/:id/parts/:part", { id: "latest", part: "9" }],
    ["GET", "/things/a%2Fb%20c", "/things/:id", { id: "a/b c" }],
    ["GET", "/things/__proto__", "/things/:id", { id: "__proto__" }],
  ])("%s %s is %s", (verb, url, path, params) => {
    expect(found(shop, verb, url)).toEqual([path, params]);
  });

  it.each([
    ["GET", "/"],
    ["GET", "/thing"],
    ["GET", "//things"],
    ["GET", "/things//"],
    ["GET", "/things/7/parts"],
    ["GET", "/things/7/parts/"],
    ["GET", "/things/7/parts/8/9"],
    ["POST", "/things/7"],
    ["PROPFIND", "/things/7"],
    ["GET", "http://elsewhere/things"],
    ["GET", "*"],
    ["GET", "/constructor"],
  ])("%s %s is none", (verb, url) => {
    expect(found(shop, verb, url)).toBeUndefined();
  });

  it("is refused where its path is no text", () => {
    expect(() => found(shop, "GET", "/things/%E0%A4")).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  it("is one of those that its path has", () => {
    expect(matcher(...shop).verbsOf("/things/7?x")).toEqual(["GET", "HEAD", "PUT"]);
    expect(matcher(...shop).verbsOf("/other")).toEqual([]);
  });
});
