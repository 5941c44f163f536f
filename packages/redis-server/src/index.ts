export { freePort } from "./free-port.ts";
export { RedisServer, redisServerVersion } from "./redis-server.ts";
export type { RedisServerOptions } from "./redis-server.ts";
