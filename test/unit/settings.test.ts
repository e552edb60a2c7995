import { describe, expect, it } from "vitest";
import { ConfigurationError, readSettings } from "../../src/runtime/settings.js";

describe("the settings", () => {
  it("takes several servers of a Redis Cluster", () => {
    const redisUrl = "redis://u:a,b@h:1,h:2";
    expect(readSettings({ REDIS_URL: redisUrl }).redisUrl).toBe(redisUrl);
  });

  it("have a default for everything, also where a variable is empty", () => {
    const defaults = readSettings({});
    expect(defaults).toEqual({
      host: "127.0.0.1",
      port: 3000,
      adminPort: 3001,
      dataDir: "./data",
      redisUrl: "redis://127.0.0.1:6379",
      databaseUrl: undefined,
      logLevel: "info",
      logFormat: "text",
      namespace: undefined,
      addresses: new Map(),
      advertise: undefined,
      etcdEndpoints: ["http://127.0.0.1:2379"],
    });
    const names = [
      "HOST",
      "PORT",
      "ADMIN_PORT",
      "DATA_DIR",
      "REDIS_URL",
      "DATABASE_URL",
      "LOG_LEVEL",
      "LOG_FORMAT",
      "PANGAEA_TRACE_SHARE",
      "PANGAEA_NAMESPACE",
      "PANGAEA_ADDRESSES",
      "PANGAEA_ADVERTISE",
      "ETCD_ENDPOINTS",
    ];
    expect(readSettings(Object.fromEntries(names.map((name) => [name, ""])))).toEqual(defaults);
  });

  it("take what the environment says", () => {
    const env = {
      HOST: "::",
      PORT: "0",
      DATA_DIR: "/d",
      REDIS_URL: "rediss://u:p@h:1/2",
      LOG_LEVEL: "debug",
      PANGAEA_NAMESPACE: "n",
      PANGAEA_ADDRESSES: "a=http://h:1, b=http://h:2",
      PANGAEA_ADVERTISE: "10.0.0.5:4001",
      ETCD_ENDPOINTS: "http://a:1, https://b:2",
    };
    expect(readSettings(env)).toMatchObject({
      host: "::",
      port: 0,
      adminPort: 0,
      dataDir: "/d",
      redisUrl: env.REDIS_URL,
      logLevel: "debug",
      namespace: "n",
      advertise: { host: "10.0.0.5", port: "4001" },
      etcdEndpoints: ["http://a:1", "https://b:2"],
    });
    expect([...readSettings(env).addresses]).toEqual([
      ["a", "http://h:1"],
      ["b", "http://h:2"],
    ]);
    expect(readSettings({ PORT: "4000" }).adminPort).toBe(4001);
    expect(readSettings({ PORT: "65535", ADMIN_PORT: "9" }).adminPort).toBe(9);
  });

  it.each([
    [{ PORT: "65536" }, 'PORT="65536": give a port'],
    [{ PORT: "-1" }, "PORT"],
    [{ PORT: "3000x" }, "PORT"],
    [{ PORT: "1.5" }, "PORT"],
    [{ PORT: " " }, 'PORT=" "'],
    [{ PORT: "0x50" }, "PORT"],
    [{ ADMIN_PORT: "many" }, "ADMIN_PORT"],
    [{ PORT: "65535" }, "ADMIN_PORT"],
    [{ REDIS_URL: "http://h" }, "REDIS_URL: give an address like redis://"],
    [{ REDIS_URL: "127.0.0.1:6379" }, "REDIS_URL"],
    [{ REDIS_URL: "http://h:1,h:2" }, "REDIS_URL"],
    [{ LOG_LEVEL: "loud" }, "give one of trace, debug"],
    [{ PANGAEA_ADVERTISE: "http://h:1" }, "PANGAEA_ADVERTISE"],
    [{ PANGAEA_ADVERTISE: "h:99999" }, "give a host or host:port"],
    [{ PANGAEA_ADVERTISE: "h:0" }, "PANGAEA_ADVERTISE"],
    [{ ETCD_ENDPOINTS: "h:1" }, "ETCD_ENDPOINTS"],
    [{ PANGAEA_ADDRESSES: "http://h:1" }, "PANGAEA_ADDRESSES"],
    [{ PANGAEA_ADDRESSES: "a=http://h:1;b=http://h:2 c" }, "write process=address pairs"],
  ])("are refused with the variable's name and the mend: %j", (env, message) => {
    expect(() => readSettings(env)).toThrow(ConfigurationError);
    expect(() => readSettings(env)).toThrow(message);
  });

  it("never repeat a broker's address, which may hold a password", () => {
    expect(() => readSettings({ REDIS_URL: "http://u:hunter2@h" })).toThrow(/^(?!.*hunter2)/);
  });
});
