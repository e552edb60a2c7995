import { describe, expect, it } from "vitest";
import { serverUrls, urlOfServer } from "../../transports/redis/server-urls.js";
import { mastersFrom } from "../../transports/redis/slots.js";

describe("the servers of a redis cluster", () => {
  it("are named by one setting, with commas between", () => {
    expect(serverUrls("redis://h:1/2")).toEqual(["redis://h:1/2"]);
    expect(serverUrls("rediss://u:p,@w@h:1,h2,[::1]:3?x=1")).toEqual([
      "rediss://u:p,@w@h:1?x=1",
      "rediss://u:p,@w@h2?x=1",
      "rediss://u:p,@w@[::1]:3?x=1",
    ]);
    for (const wrong of ["redis://", "redis://h:1,", "redis://h:1,h2:x", "http://h:1,h:2"]) {
      expect(() => serverUrls(wrong), wrong).toThrow(/settings\.url is not a redis/);
    }
  });

  it("are reached as the same user, by the names that they call themselves", () => {
    expect(urlOfServer("rediss://u:p%40@seed:1/0", "10.0.0.1", 7000)).toBe("rediss://u:p%40@10.0.0.1:7000");
    expect(urlOfServer("redis://seed", "::1", 7000)).toBe("redis://[::1]:7000");
  });

  it("share all slots, or the cluster cannot be used", () => {
    const answer = [
      [0, 99, ["a", 1, "id"]],
      [100, 16_383, [null, 2, "id"], ["replica", 3, "id"]],
    ];
    const masters = mastersFrom(answer, "redis://seed:9");
    expect([masters[0], masters[99], masters[100], masters[16_383]]).toEqual([
      "redis://a:1",
      "redis://a:1",
      "redis://seed:2",
      "redis://seed:2",
    ]);
    expect(() => mastersFrom(answer.slice(1), "redis://seed:9")).toThrow(/slots that no master serves/);
  });
});
