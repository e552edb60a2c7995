import { z } from "zod";
import type { RegistrySpec } from "../core/topology.js";

const ms = (byDefault: number) => z.int().min(50).max(3_600_000).default(byDefault);
const pulse = { heartbeatMs: ms(1_000), suspectMs: ms(3_000) };
const lease = { ...pulse, leaseMs: ms(10_000) };

/** The key `registry` of a topology file. */
export const registrySpec: z.ZodType<RegistrySpec> = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({ kind: z.literal("static") }),
      z.strictObject({ kind: z.literal("supervisor"), ...pulse }),
      z.strictObject({ kind: z.literal("redis"), url: z.string().optional(), ...lease }),
      z.strictObject({
        kind: z.literal("etcd"),
        endpoints: z.array(z.string()).min(1).optional(),
        prefix: z.string().min(1).default("/pangaea"),
        ...lease,
      }),
      z.strictObject({
        kind: z.literal("dns"),
        domain: z.string().regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/, "a domain like shop.svc.cluster.local"),
        port: z.int().min(1).max(65_535).optional(),
        server: z.string().optional(),
        pollMs: ms(5_000),
      }),
    ],
    {
      error: (issue) =>
        issue.code === "invalid_union" ? "kind must be static, supervisor, redis, etcd or dns" : undefined,
    },
  )
  .prefault({ kind: "supervisor" });
