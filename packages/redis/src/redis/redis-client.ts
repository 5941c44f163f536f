/** What is needed of a client of node-redis. These types need no driver and no types of Node. */
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
  on(event: "connect" | "ready", listener: () => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  destroy(): void;
}

/** What is needed of a client of ioredis or iovalkey: `new Redis(...)`, also one that finds its primary by sentinels. */
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

/** A client whose options the backplane's own connections use. */
export type RedisClient = NodeRedisClient | IoRedisClient;

export type RedisListener = (message: string, channel: string) => void;
