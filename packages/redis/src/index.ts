export { createRedisBackplane } from "./redis/redis-backplane.ts";
export type { RedisBackplaneOptions } from "./redis/redis-backplane.ts";
export type { Backplane, BackplaneStats, BackplaneOptions } from "./cluster/backplane.ts";
export type { StreamBackplaneStats, ServedStream, ServedStreamStats } from "./cluster/streams.ts";
export type { LostChanges, OwnStateWriter, StateWriter, WriterHooks } from "./cluster/state-writer.ts";
export type { Position } from "./cluster/engine.ts";
export type { CommandHandler, SendOptions } from "./cluster/commands.ts";
export type { UpdateOptions } from "./cluster/updates.ts";
export type { IoRedisClient, NodeRedisClient, RedisClient } from "./redis/redis-client.ts";
