import { type Connection, type Driver, coalesced, forEachChannel, type Purpose } from "./connection.ts";
import type { IoRedisClient, IoRedisCluster, RedisListener } from "./redis-client.ts";

/** Options of the application's client that must differ in the backplane's connections. */
const OVERRIDES = {
  lazyConnect: true,
  enableOfflineQueue: false,
  // Keys already have the backplane's prefix, and ioredis would add its own to keys but not to channels.
  keyPrefix: "",
};

const CLIENT_OVERRIDES = {
  ...OVERRIDES,
  // A command whose connection was lost must be rejected: the engine decides what to repeat.
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // After a failover the primary has another address.
  reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
};

const CLUSTER_OVERRIDES = {
  ...OVERRIDES,
  enableAutoPipelining: false,
  // The replicas may be behind.
  scaleReads: "master",
};

export function ioRedisDriver(client: IoRedisClient): Driver {
  return {
    database: client.options?.db ?? 0,
    isCluster: false,
    connect: () => new ClientConnection(client.duplicate(CLIENT_OVERRIDES)),
  };
}

export function ioRedisClusterDriver(cluster: IoRedisCluster): Driver {
  const { redisOptions } = cluster.options as { readonly redisOptions?: NonNullable<IoRedisClient["options"]> };
  return {
    database: redisOptions?.db ?? 0,
    isCluster: true,
    connect(purpose) {
      const overrides = { ...CLUSTER_OVERRIDES, redisOptions: { ...redisOptions, keyPrefix: "" } };
      const shardedSubscribers = purpose === "messages";
      return new ClusterConnection(cluster.duplicate([], { ...overrides, shardedSubscribers }), purpose);
    },
  };
}

/** A connection of ioredis in the shape of node-redis. */
class ClientConnection implements Connection {
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

  sendCommands(commands: readonly (readonly string[])[]): Promise<unknown[]> {
    return Promise.all(commands.map((args) => this.sendCommand(args)));
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

class ClusterConnection implements Connection {
  readonly #cluster: IoRedisCluster;
  readonly #listeners = new Map<string, RedisListener>();
  /** Whether channels can be subscribed; nothing to wait for where the connection is for commands. */
  #hasSubscribers: boolean;

  constructor(cluster: IoRedisCluster, purpose: Purpose) {
    this.#cluster = cluster;
    this.#hasSubscribers = purpose === "commands";
    cluster.on("smessage", (channel: string, message: string) => this.#listeners.get(channel)?.(message, channel));
    cluster.on("close", () => (this.#hasSubscribers = purpose === "commands"));
  }

  get isOpen(): boolean {
    return this.#cluster.status !== "wait" && this.#cluster.status !== "end";
  }

  get isReady(): boolean {
    return this.#cluster.status === "ready" && this.#hasSubscribers;
  }

  connect(): Promise<unknown> {
    return this.#cluster.connect();
  }

  sendCommand([command = "", ...args]: readonly string[]): Promise<unknown> {
    return this.#cluster.call(command, ...args);
  }

  async sendCommands(commands: readonly (readonly string[])[]): Promise<unknown[]> {
    // A pipeline goes to the server of the keys in it, in which other commands need none.
    const replies = await this.#cluster
      .pipeline(commands.map(([name = "", ...args]) => ["call", name, ...args]))
      .exec();
    return (replies ?? []).map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
  }

  subscribe(channels: readonly string[], listener: RedisListener): Promise<void> {
    return forEachChannel(channels, async (channel) => {
      // It subscribes again by itself where a server was replaced.
      if (this.#listeners.has(channel)) return;
      this.#listeners.set(channel, listener);
      try {
        await this.#cluster.ssubscribe(channel);
      } catch (error) {
        this.#listeners.delete(channel);
        throw error;
      }
    });
  }

  unsubscribe(channels: readonly string[]): Promise<void> {
    return forEachChannel(channels, async (channel) => {
      this.#listeners.delete(channel);
      await this.#cluster.sunsubscribe(channel);
    });
  }

  on(event: "connect" | "ready", listener: () => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  on(event: "connect" | "ready" | "error", listener: (error: unknown) => void): void {
    if (event === "error") {
      for (const name of ["error", "node error", "nodeError"]) this.#cluster.on(name, listener);
    } else if (event === "connect") {
      this.#cluster.on("connect", () => listener(undefined));
    } else {
      const ready = coalesced(() => {
        if (this.isReady) listener(undefined);
      });
      this.#cluster.on("ready", ready);
      this.#cluster.on("subscribersReady", () => {
        this.#hasSubscribers = true;
        ready();
      });
    }
  }

  destroy(): void {
    this.#cluster.disconnect();
  }
}
