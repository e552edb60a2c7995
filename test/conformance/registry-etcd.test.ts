import { afterAll } from "vitest";
import { systemClock } from "../../src/core/index.js";
import { LeasedRegistry } from "../../src/discovery/leased-registry.js";
import { etcdMissing, type EtcdServer, startEtcdServer } from "../../src/testing/etcd-server.js";
import type { RegistrySubject } from "../../src/testing/registry-conformance.js";
import { heartbeatThread, runRegistryCases } from "./run-registry-cases.js";

let server: EtcdServer | undefined;
afterAll(() => server?.stop());

const base64 = (text: string) => Buffer.from(text).toString("base64");

let systems = 0;
/** A case that failed may have left it so. */
let isDown = false;
const subject: RegistrySubject = {
  clock: systemClock,
  async openSystem(lease) {
    if (isDown) await server!.restart();
    isDown = false;
    const etcd = (server ??= await startEtcdServer());
    const prefix = `/test/system-${++systems}`;
    const post = async (path: string, body: object) => {
      const response = await fetch(`${etcd.url}${path}`, { method: "POST", body: JSON.stringify(body) });
      if (!response.ok) throw new Error(await response.text());
    };
    return {
      createRegistry: (logger) =>
        new LeasedRegistry({
          store: { kind: "etcd", endpoints: [etcd.url], prefix },
          lease,
          clock: systemClock,
          logger,
          thread: heartbeatThread,
        }),
      kill: (registry) => (registry as LeasedRegistry).abandon(),
      server: {
        kill() {
          isDown = true;
          return etcd.kill();
        },
        restart() {
          isDown = false;
          return etcd.restart();
        },
        pause: () => etcd.pause(),
        resume: () => etcd.resume(),
        wipe: () => post("/v3/kv/deleterange", { key: base64("\0"), range_end: base64("\0") }),
        plant: (id, text) => post("/v3/kv/put", { key: base64(`${prefix}/instances/${id}`), value: base64(text) }),
      },
      close: () => Promise.resolve(),
    };
  },
};

runRegistryCases("etcd", { registers: true, deaths: "by lease", hasServer: true }, subject, etcdMissing());
