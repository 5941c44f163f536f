export { freePort } from "./free-port.ts";
export { RedisCluster } from "./redis-cluster.ts";
export type { RedisClusterOptions } from "./redis-cluster.ts";
export { RedisSentinels } from "./redis-sentinels.ts";
export { RedisServer, redisServerVersion } from "./redis-server.ts";
export type { RedisServerOptions } from "./redis-server.ts";
