import { StateStreamError } from "@statestream/core";
import { systemClock } from "@statestream/core/backplane";
import { backplaneOn } from "../cluster/backplane.ts";
import type { Backplane, BackplaneOptions } from "../cluster/backplane-types.ts";
import { failure } from "../cluster/failures.ts";
import type { RedisClient } from "./redis-client.ts";
import { driverOf } from "./drivers.ts";
import { RedisEngine } from "./redis-engine.ts";

export interface RedisBackplaneOptions extends BackplaneOptions {
  /**
   * A client, connected or not: `createClient`, `createSentinel` or `createCluster` of node-redis 6, `new Redis` of ioredis 5 or iovalkey
   * (also with sentinels), or `new Cluster` of ioredis 5.9. Only its options are used: the backplane makes connections of its own
   * from them, and closes them.
   */
  redis: RedisClient;
  /**
   * All keys and channels in Redis begin with this; nodes with the same prefix and database share their streams. The client's own
   * `keyPrefix` is not used. Default `statestream`.
   */
  prefix?: string;
  /** Milliseconds that a stream without a leader is kept in Redis. Default 86,400,000: a day. */
  expireMs?: number;
}

const DAY_MS = 86_400_000;

/**
 * Connects this node to the others through Redis 7.0 or later, or Valkey. Returns at once: calls that need Redis wait until it can be
 * reached.
 *
 * @example
 * const backplane = createRedisBackplane({ redis: createClient({ url }) });
 * app.get("/rooms/:id/events", (c) => streamState(c, backplane.streams.get(c.req.param("id"))));
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function createRedisBackplane(options: RedisBackplaneOptions): Backplane {
  const { redis, prefix = "statestream", expireMs = DAY_MS, ...others } = options;
  // Throws for anything that is not a client, before anything is made.
  driverOf(redis);
  if (typeof prefix !== "string" || prefix === "" || /[{}]/.test(prefix)) {
    throw new StateStreamError(
      "invalid-option",
      "The option prefix must be a non-empty text without braces, which mark the hash tags of keys.",
    );
  }
  if (typeof expireMs !== "number" || !(expireMs >= 1000)) {
    throw new StateStreamError(
      "invalid-option",
      `The option expireMs is ${String(expireMs)}; it must be 1,000 or more.`,
    );
  }
  return backplaneOn(
    (report) =>
      new RedisEngine({
        redis,
        prefix,
        expireMs: Math.floor(expireMs),
        onError(cause) {
          report(failure("backplane-failed", "The connection to Redis failed", cause, "It is retried."));
        },
      }),
    others,
    systemClock,
  );
}
