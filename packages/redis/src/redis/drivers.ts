import { StateStreamError } from "@statestream/core";
import type { IoRedisClient, NodeRedisClient, RedisClient, RedisListener } from "./redis-client.ts";

/** A connection of the backplane's own, in one shape for every library. */
export interface Connection {
  /** It has been opened, and neither side has ended it for good. */
  readonly isOpen: boolean;
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  subscribe(channels: readonly string[], listener: RedisListener): Promise<unknown>;
  unsubscribe(channels: readonly string[], listener: RedisListener): Promise<unknown>;
  on(event: "connect" | "ready", listener: () => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  destroy(): void;
}

/** Makes a new connection with the options of the application's client. */
export type Connect = () => Connection;

/** Options of the application's node-redis client that must differ in the backplane's connections. */
const NODE_REDIS_OVERRIDES = {
  // Its queue would send commands long after their deadline.
  disableOfflineQueue: true,
  // Replies as strings.
  commandOptions: {},
  // Shared with the application's client, and emptied when a connection of ours is lost.
  clientSideCache: undefined,
  emitInvalidate: false,
};

/** The same for ioredis and iovalkey. */
const IOREDIS_OVERRIDES = {
  lazyConnect: true,
  enableOfflineQueue: false,
  // A command whose connection was lost must be rejected: the engine decides what to repeat.
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // Keys already have the backplane's prefix, and ioredis would add its own to keys but not to channels.
  keyPrefix: "",
  // After a failover the primary has another address.
  reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
};

/** How the backplane uses an application's client. */
export interface Driver {
  readonly connect: Connect;
  /** The number of the database that its connections use. */
  readonly database: number;
}

/**
 * How to connect as this client does.
 *
 * @throws {StateStreamError} `invalid-option`: this is not a client that works here; the message says what to pass
 */
export function driverOf(redis: RedisClient): Driver {
  if (isNodeRedis(redis))
    return { connect: () => redis.duplicate(NODE_REDIS_OVERRIDES), database: redis.options?.database ?? 0 };
  if (isIoRedis(redis)) {
    const connect = (): Connection => new IoRedisConnection(redis.duplicate(IOREDIS_OVERRIDES));
    return { connect, database: redis.options?.db ?? 0 };
  }
  throw new StateStreamError(
    "invalid-option",
    `The option redis is ${described(redis)}; pass a client of node-redis 6, createClient({ url }), or of ioredis or iovalkey, new Redis(url).`,
  );
}

function isNodeRedis(redis: RedisClient | null | undefined): redis is NodeRedisClient {
  const client = redis as Partial<NodeRedisClient> | null | undefined;
  return (
    typeof client?.duplicate === "function" &&
    typeof client.sendCommand === "function" &&
    typeof client.subscribe === "function" &&
    typeof client.destroy === "function" &&
    // Clusters and sentinels of node-redis lack this, or take other arguments.
    typeof client.isReady === "boolean" &&
    !("getMasterNode" in client) &&
    !("slots" in client)
  );
}

function isIoRedis(redis: RedisClient | null | undefined): redis is IoRedisClient {
  const client = redis as (Partial<IoRedisClient> & { readonly isCluster?: boolean }) | null | undefined;
  return (
    typeof client?.duplicate === "function" &&
    typeof client.call === "function" &&
    typeof client.disconnect === "function" &&
    typeof client.status === "string" &&
    client.isCluster !== true
  );
}

/** Describes the unsuitable value, for the error message. */
function described(given: unknown): string {
  if (typeof given === "string") return "a text";
  if (typeof given !== "object" || given === null) return String(given);
  const client = given as Record<string, unknown>;
  if ("isCluster" in client && client["isCluster"] === true) return "a cluster of ioredis, which is not supported yet";
  if ("slots" in client) return "a cluster of node-redis, which is not supported yet";
  if ("getMasterNode" in client || "sentinel" in client || "acquire" in client) {
    return "a sentinel of node-redis, which is not supported yet (ioredis with sentinels works)";
  }
  if (typeof client["execute"] === "function" || "totalClients" in client)
    return "a pool, which has no connection of its own";
  return "not a client that this library knows";
}

/** A connection of ioredis in the shape of node-redis. */
class IoRedisConnection implements Connection {
  readonly #client: IoRedisClient;
  readonly #listeners = new Map<string, RedisListener>();

  constructor(client: IoRedisClient) {
    this.#client = client;
    client.on("message", (channel, message) => this.#listeners.get(channel)?.(message, channel));
  }

  get isOpen(): boolean {
    return this.#client.status !== "wait" && this.#client.status !== "end";
  }

  get isReady(): boolean {
    return this.#client.status === "ready";
  }

  connect(): Promise<unknown> {
    return this.#client.connect();
  }

  sendCommand([command = "", ...args]: readonly string[]): Promise<unknown> {
    return this.#client.call(command, ...args);
  }

  async subscribe(channels: readonly string[], listener: RedisListener): Promise<unknown> {
    if (channels.length === 0) return undefined;
    for (const channel of channels) this.#listeners.set(channel, listener);
    return await this.#client.subscribe(...channels);
  }

  async unsubscribe(channels: readonly string[]): Promise<unknown> {
    for (const channel of channels) this.#listeners.delete(channel);
    return await this.#client.unsubscribe(...channels);
  }

  on(event: "connect" | "ready", listener: () => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  on(event: "connect" | "ready" | "error", listener: (error: unknown) => void): void {
    if (event === "error") this.#client.on("error", listener);
    else this.#client.on(event, () => listener(undefined));
  }

  destroy(): void {
    this.#client.disconnect();
  }
}
