import type { RedisBackplaneOptions } from "@statestream/redis";

// Short times, so that minutes of faults show what would take hours otherwise.

/** The stream everybody follows. */
export const STREAM = "board";
export const PREFIX = "chaos";
/** Milliseconds; a client leaves a silent connection after two and a half. */
export const HEARTBEAT_MS = 1000;

export const backplaneSettings: Omit<RedisBackplaneOptions, "redis"> = {
  prefix: PREFIX,
  leaseMs: 2000,
  checkMs: 2000,
  idleMs: 5000,
  joinMs: 5000,
  stream: { heartbeatMs: HEARTBEAT_MS, retryMs: 200 },
};

/** What the rig waits for after the nemesis has stopped: a client whose connections failed several times in a row waits for up to 30 s. */
export const CONVERGENCE_MS = 35_000;
