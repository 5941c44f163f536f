import { StateStreamError } from "@statestream/core";
import type { Driver } from "./connection.ts";
import { ioRedisClusterDriver, ioRedisDriver } from "./ioredis.ts";
import { nodeRedisClusterDriver, nodeRedisDriver, nodeRedisSentinelDriver } from "./node-redis.ts";
import type {
  IoRedisClient,
  IoRedisCluster,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  RedisClient,
} from "./redis-client.ts";

/**
 * How to connect as this client does.
 *
 * @throws {StateStreamError} `invalid-option`: this is not a client that works here; the message says what to pass
 */
export function driverOf(redis: RedisClient): Driver {
  // Anything can be given where types are not checked.
  const given: unknown = redis;
  if (isNodeRedisCluster(given)) return nodeRedisClusterDriver(given);
  if (isNodeRedisSentinel(given)) return nodeRedisSentinelDriver(given);
  if (isNodeRedis(given)) return nodeRedisDriver(given);
  if (isIoRedisCluster(given)) return ioRedisClusterDriver(given);
  if (isIoRedis(given)) return ioRedisDriver(given);
  throw new StateStreamError(
    "invalid-option",
    `The option redis is ${described(given)}; pass createClient({ url }), createSentinel() or createCluster() of node-redis 6, new Redis(url) of ioredis 5 or iovalkey, or new Cluster() of ioredis 5.9.`,
  );
}

function isNodeRedisCluster(given: unknown): given is NodeRedisCluster {
  return has(given, "duplicate", "sendCommand", "sSubscribe", "getNodeClientForKey") && "_options" in given;
}

function isNodeRedisSentinel(given: unknown): given is NodeRedisSentinel {
  return has(given, "duplicate", "sendCommand", "subscribe", "acquire", "use");
}

function isNodeRedis(given: unknown): given is NodeRedisClient {
  return has(given, "duplicate", "sendCommand", "subscribe", "destroy") && typeof given["isReady"] === "boolean";
}

function isIoRedisCluster(given: unknown): given is IoRedisCluster {
  if (!has(given, "duplicate", "call", "ssubscribe", "disconnect") || given["isCluster"] !== true) return false;
  // Earlier versions, and iovalkey, subscribe to sharded channels on a server that may not have them.
  return "shardedSubscribers" in (given as unknown as IoRedisCluster).options;
}

function isIoRedis(given: unknown): given is IoRedisClient {
  if (!has(given, "duplicate", "call", "disconnect")) return false;
  return typeof given["status"] === "string" && given["isCluster"] !== true;
}

/** Whether it is an object with these methods. */
function has(given: unknown, ...methods: string[]): given is Record<string, unknown> {
  if (typeof given !== "object" || given === null) return false;
  return methods.every((name) => typeof (given as Record<string, unknown>)[name] === "function");
}

/** Describes the unsuitable value, for the error message. */
function described(given: unknown): string {
  if (typeof given === "string") return "a text";
  if (given === undefined || given === null) return String(given);
  if (typeof given !== "object") return "not a client that this library knows";
  const client = given as Record<string, unknown>;
  if (client["isCluster"] === true) return "a cluster of iovalkey or an old ioredis, without sharded subscriptions";
  if (typeof client["execute"] === "function" || "totalClients" in client)
    return "a pool, which has no connection of its own";
  return "not a client that this library knows";
}
