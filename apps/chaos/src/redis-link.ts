import type { NodeRedisClient } from "@statestream/redis";
import { createClient } from "redis";

/** A client of Redis for the backplane, at a port of this machine. */
export function redisAt(port: number): NodeRedisClient {
  return createClient({ socket: { host: "127.0.0.1", port } });
}
