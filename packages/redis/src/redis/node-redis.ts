import { type Connection, type Driver, coalesced, forEachChannel, type Purpose } from "./connection.ts";
import type { NodeRedisClient, NodeRedisCluster, NodeRedisSentinel, RedisListener } from "./redis-client.ts";

/** Options of the application's client that must differ in the backplane's connections. */
const OVERRIDES = {
  // Replies as strings, and nothing is sent long after its deadline.
  commandOptions: { timeout: 2000 },
  // Shared with the application's client, and emptied when a connection of ours is lost.
  clientSideCache: undefined,
};

const CLIENT_OVERRIDES = {
  ...OVERRIDES,
  // Its queue would send commands long after their deadline.
  disableOfflineQueue: true,
  // Without that queue this needs no timer of node-redis for each command, which takes most of the time of a call.
  commandOptions: { timeout: undefined },
  emitInvalidate: false,
};

const SENTINEL_OVERRIDES = {
  ...OVERRIDES,
  // Commands must arrive in order, and the replicas may be behind.
  masterPoolSize: 1,
  replicaPoolSize: 0,
  reserveClient: false,
};

const CLUSTER_OVERRIDES = {
  ...OVERRIDES,
  // Otherwise it is not ready before every server is.
  minimizeConnections: true,
  useReplicas: false,
  // How long it tries to reconnect to a server that may have been replaced.
  topologyRefreshOnReconnectionAttemptStrategy: 1000,
};

export function nodeRedisDriver(client: NodeRedisClient): Driver {
  return {
    database: client.options?.database ?? 0,
    isCluster: false,
    connect: () => new ClientConnection(client.duplicate(CLIENT_OVERRIDES)),
  };
}

export function nodeRedisSentinelDriver(sentinel: NodeRedisSentinel): Driver {
  return {
    // `connect` checks that, because the options of a sentinel cannot be read.
    database: 0,
    isCluster: false,
    connect: () => new SentinelConnection(sentinel.duplicate(SENTINEL_OVERRIDES)),
  };
}

export function nodeRedisClusterDriver(cluster: NodeRedisCluster): Driver {
  const { defaults } = cluster._options;
  const { database = 0 } = (defaults ?? {}) as { database?: number };
  const overrides = { ...CLUSTER_OVERRIDES, defaults: { ...defaults, ...CLIENT_OVERRIDES } };
  return {
    database,
    isCluster: true,
    connect: (purpose) => new ClusterConnection(cluster.duplicate(overrides), purpose),
  };
}

class ClientConnection implements Connection {
  readonly #client: NodeRedisClient;
  readonly on: Connection["on"];

  constructor(client: NodeRedisClient) {
    this.#client = client;
    this.on = client.on.bind(client);
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  get isReady(): boolean {
    return this.#client.isReady;
  }

  connect(): Promise<unknown> {
    return this.#client.connect();
  }

  sendCommand(args: readonly string[]): Promise<unknown> {
    return this.#client.sendCommand(args);
  }

  sendCommands(commands: readonly (readonly string[])[]): Promise<unknown[]> {
    return Promise.all(commands.map((args) => this.#client.sendCommand(args)));
  }

  subscribe(channels: readonly string[], listener: RedisListener): Promise<unknown> {
    return this.#client.subscribe([...channels], listener);
  }

  unsubscribe(channels: readonly string[], listener: RedisListener): Promise<unknown> {
    return this.#client.unsubscribe([...channels], listener);
  }

  destroy(): void {
    this.#client.destroy();
  }
}

class SentinelConnection implements Connection {
  readonly #sentinel: NodeRedisSentinel;
  readonly #onReady: (() => void)[] = [];
  /** It uses the database that is expected. */
  #isChecked = false;

  constructor(sentinel: NodeRedisSentinel) {
    this.#sentinel = sentinel;
    sentinel.on("ready", () => this.#emitReady());
  }

  get isOpen(): boolean {
    return this.#sentinel.isOpen;
  }

  get isReady(): boolean {
    return this.#sentinel.isReady && this.#isChecked;
  }

  async connect(): Promise<void> {
    await this.#sentinel.connect();
    const info = String(await this.sendCommand(["CLIENT", "INFO"]));
    if (!/(^| )db=0( |$)/.test(info)) {
      this.destroy();
      throw new Error("A sentinel of node-redis must use database 0 here; the option prefix separates applications");
    }
    this.#isChecked = true;
    this.#emitReady();
  }

  sendCommand(args: readonly string[]): Promise<unknown> {
    return this.#sentinel.sendCommand(false, [...args]);
  }

  sendCommands(commands: readonly (readonly string[])[]): Promise<unknown[]> {
    return Promise.all(commands.map((args) => this.sendCommand(args)));
  }

  async subscribe(channels: readonly string[], listener: RedisListener): Promise<void> {
    if (channels.length > 0) await this.#sentinel.subscribe([...channels], listener);
  }

  unsubscribe(channels: readonly string[]): Promise<unknown> {
    return this.#sentinel.unsubscribe([...channels]);
  }

  on(event: "connect" | "ready", listener: () => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  on(event: "connect" | "ready" | "error", listener: (error: unknown) => void): void {
    if (event === "error") this.#sentinel.on(event, listener);
    else if (event === "connect") this.#sentinel.on(event, () => listener(undefined));
    else this.#onReady.push(() => listener(undefined));
  }

  destroy(): void {
    // It waits for an attempt to connect, whose outcome nobody needs.
    this.#sentinel.destroy().catch(() => undefined);
  }

  #emitReady(): void {
    if (this.isReady) for (const listener of this.#onReady) listener();
  }
}

class ClusterConnection implements Connection {
  readonly #cluster: NodeRedisCluster;
  readonly #purpose: Purpose;
  readonly #subscribe: NodeRedisCluster["sSubscribe"];
  #isDestroyed = false;

  constructor(cluster: NodeRedisCluster, purpose: Purpose) {
    this.#cluster = cluster;
    this.#purpose = purpose;
    this.#subscribe = cluster.sSubscribe.bind(cluster);
    // Where the slots have moved, it subscribes again by itself, and a rejection of that would end the process. If it fails, the
    // channel is silent, which the comparison with the heads notices.
    cluster.sSubscribe = (...args) => this.#subscribe(...args).catch(() => undefined);
  }

  get isOpen(): boolean {
    return this.#cluster.isOpen;
  }

  get isReady(): boolean {
    return this.#cluster.isReady;
  }

  async connect(): Promise<void> {
    await this.#cluster.connect();
    // It may have opened connections after it was destroyed.
    if (this.#isDestroyed) this.#cluster.destroy();
  }

  sendCommand(args: readonly string[], key: string): Promise<unknown> {
    return this.#cluster.sendCommand(key, false, [...args]);
  }

  async sendCommands(commands: readonly (readonly string[])[], key: string): Promise<unknown[]> {
    const client = await this.#cluster.getNodeClientForKey(key);
    return await Promise.all(commands.map((args) => client.sendCommand(args)));
  }

  subscribe(channels: readonly string[], listener: RedisListener): Promise<void> {
    return forEachChannel(channels, (channel) => this.#subscribe(channel, listener));
  }

  unsubscribe(channels: readonly string[], listener: RedisListener): Promise<void> {
    return forEachChannel(channels, (channel) => this.#cluster.sUnsubscribe(channel, listener));
  }

  on(event: "connect" | "ready", listener: () => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  on(event: "connect" | "ready" | "error", listener: (error: unknown) => void): void {
    if (event === "error") {
      for (const name of ["error", "node-error", "sharded-channel-moved-error"]) this.#cluster.on(name, listener);
      return;
    }
    this.#cluster.on("connect", () => listener(undefined));
    if (event !== "ready" || this.#purpose !== "messages") return;
    const again = coalesced(() => {
      if (this.#cluster.isReady) listener(undefined);
    });
    this.#cluster.on("node-ready", again);
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#cluster.destroy();
  }
}
