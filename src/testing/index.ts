export { freePort, launch, type Launched, type LaunchOptions } from "./launch.js";
export { memoryRegistries } from "./memory-registry.js";
export { type RedisServer, startRedisServer } from "./redis-server.js";
export { serializedEdge } from "./serialized-edge.js";
export { testSystem, type TestSystem, type TestSystemOptions } from "./test-system.js";
export * from "./transport-conformance.js";
