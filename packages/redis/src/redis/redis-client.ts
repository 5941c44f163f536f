// What is needed of the clients. These types need no driver and no types of Node.

export type RedisListener = (message: string, channel: string) => void;

type OnConnection = (event: "connect" | "ready", listener: () => void) => unknown;
type OnError = (event: "error", listener: (error: unknown) => void) => unknown;

/** A client of node-redis: `createClient(...)`. */
export interface NodeRedisClient {
  readonly options?: { readonly database?: number | undefined } | undefined;
  readonly isOpen: boolean;
  readonly isReady: boolean;
  /** A new client with the same options but these. */
  duplicate(overrides?: object): NodeRedisClient;
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  subscribe(channels: string[], listener: RedisListener): Promise<unknown>;
  unsubscribe(channels: string[], listener: RedisListener): Promise<unknown>;
  on: OnConnection & OnError;
  destroy(): void;
}

/** A sentinel of node-redis: `createSentinel(...)`. */
export interface NodeRedisSentinel {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  duplicate(overrides?: object): NodeRedisSentinel;
  connect(): Promise<unknown>;
  sendCommand(isReadonly: boolean | undefined, args: string[]): Promise<unknown>;
  subscribe(channels: string[], listener: RedisListener): Promise<unknown>;
  unsubscribe(channels: string[]): Promise<unknown>;
  on: OnConnection & OnError;
  acquire(): Promise<unknown>;
  destroy(): Promise<unknown>;
}

/** A cluster of node-redis: `createCluster(...)`. */
export interface NodeRedisCluster {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  readonly _options: { readonly defaults?: object | undefined };
  duplicate(overrides?: object): NodeRedisCluster;
  connect(): Promise<unknown>;
  getNodeClientForKey(key: string): Promise<Pick<NodeRedisClient, "sendCommand">>;
  sendCommand(key: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown>;
  sSubscribe: (channels: string, listener: RedisListener) => Promise<unknown>;
  sUnsubscribe(channels: string, listener: RedisListener): Promise<unknown>;
  on(event: string, listener: (argument: unknown) => void): unknown;
  destroy(): void;
}

/** A client of ioredis or iovalkey: `new Redis(...)`, also one that finds its primary by sentinels. */
export interface IoRedisClient {
  readonly options?: { readonly db?: number | undefined } | undefined;
  readonly status: string;
  duplicate(overrides?: object): IoRedisClient;
  connect(): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  on(event: "connect" | "ready", listener: () => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  disconnect(): void;
}

/** A cluster of ioredis: `new Cluster(...)`. */
export interface IoRedisCluster {
  readonly isCluster: boolean;
  /** Only this, so that the compiler refuses a cluster whose options do not have it. */
  readonly options: { readonly shardedSubscribers?: boolean | undefined };
  readonly status: string;
  duplicate(nodes: never[], overrides: object): IoRedisCluster;
  connect(): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
  pipeline(commands: string[][]): { exec(): Promise<[error: Error | null, reply: unknown][] | null> };
  ssubscribe(channel: string): Promise<unknown>;
  sunsubscribe(channel: string): Promise<unknown>;
  on(event: "smessage", listener: (channel: string, message: string) => void): unknown;
  on(event: string, listener: (error: unknown) => void): unknown;
  disconnect(): void;
}

/** A client whose options the backplane's own connections use. */
export type RedisClient = NodeRedisClient | NodeRedisSentinel | NodeRedisCluster | IoRedisClient | IoRedisCluster;
