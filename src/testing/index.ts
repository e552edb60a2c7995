export { freePort, launch, type Launched, type LaunchOptions } from "./launch.js";
export { memoryRegistries } from "./memory-registry.js";
export { type PostgresServer, startPostgresServer } from "./postgres-server.js";
export { type ClusterServer, type RedisCluster, startRedisCluster } from "./redis-cluster.js";
export { type RedisServer, type RedisServerOptions, startRedisServer } from "./redis-server.js";
export { serializedEdge } from "./serialized-edge.js";
export { testSystem, type TestSystem, type TestSystemOptions } from "./test-system.js";
export * from "./transport-conformance.js";
export { tcpProxy, type TcpFaults, type TcpProxy } from "./tcp-proxy.js";
