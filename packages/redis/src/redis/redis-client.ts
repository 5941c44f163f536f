/** What is needed of a node-redis client; its type says no more, so that no driver comes with the types. */
export interface RedisClient {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  /** A new client with the same options but these. */
  duplicate(overrides?: object): RedisClient;
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  subscribe(channels: string[], listener: RedisListener): Promise<unknown>;
  unsubscribe(channels: string[], listener: RedisListener): Promise<unknown>;
  on(event: "connect" | "ready", listener: () => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  destroy(): void;
}

type RedisListener = (message: string, channel: string) => void;
