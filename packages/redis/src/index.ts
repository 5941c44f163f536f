export { createRedisBackplane } from "./redis-backplane.ts";
export type { RedisBackplaneOptions } from "./redis-backplane.ts";
export type { Backplane, BackplaneNodeStats, BackplaneOptions } from "./backplane.ts";
export type { BackplaneStats, ServedStream, ServedStreamStats } from "./streams.ts";
export type { LostChanges, OwnStateWriter, StateWriter, WriterHooks } from "./state-writer.ts";
export type { Position } from "./engine.ts";
export type { RedisClient } from "./redis-client.ts";
