import { JOIN_MS } from "./check/once.ts";
import { type Fault, leader, someNode } from "./fault.ts";
import {
  linkFault,
  nodeDelay,
  nodeKill,
  nodePause,
  rollingRestart,
  writerHandOver,
  writerKill,
  writerPause,
} from "./process-faults.ts";
import {
  evictKey,
  failover,
  pubsubKill,
  redisPause,
  redisRestart,
  scriptFlush,
  splitBrain,
  wipe,
} from "./redis-faults.ts";
import type { FaultName } from "./schedule.ts";
import { NODES, pause, WRITERS } from "./world.ts";

/** Backwards or forwards, on every node and writer; the clock of Redis cannot be changed. */
const clockJump: Fault = async ({ world, pick, holdMs, begins }) => {
  const ms = pick < 0.5 ? -3_600_000 : 3_600_000;
  begins(...NODES, ...WRITERS);
  const set = async (ms: number): Promise<void> => {
    // One that is dead or stopped just now keeps its time.
    const orders = [
      ...NODES.map((name) => world.askNode(name, { do: "clock", ms })),
      ...WRITERS.map((name) => world.tellWriter(name, { do: "clock", ms })),
    ];
    await Promise.race([Promise.allSettled(orders), pause(500)]);
  };
  await set(ms);
  await pause(holdMs);
  await set(0);
};

const haproxyReload: Fault = async ({ world, begins }) => {
  begins("haproxy");
  await world.haproxy.reload();
};

const reconnectStorm: Fault = async ({ world, begins }) => {
  begins("clients");
  await world.askClients({ do: "storm" });
};

/** Clients of many streams come to every node at once. */
const joinStorm: Fault = async ({ world, begins }) => {
  begins(...NODES);
  await Promise.all(
    NODES.map(async (node) => {
      const order = { do: "join", from: world.startedAt, ms: JOIN_MS } as const;
      const joined = world.askNode<{ all: number; joined: number }>(node, order);
      // A node that is dead or stopped does not answer.
      const result = await Promise.race([joined.catch(() => undefined), pause(JOIN_MS + 1000)]);
      if (result !== undefined) world.log.write({ kind: "joined", node, ...result });
    }),
  );
};

const slowClient: Fault = async ({ world, holdMs, begins }) => {
  begins("clients");
  await world.askClients({ do: "slow", ms: holdMs });
  await pause(holdMs);
};

export const faults: Readonly<Record<FaultName, Fault>> = {
  "node-kill": nodeKill,
  "node-pause": nodePause,
  "node-cut": linkFault("cut", someNode),
  "node-black-hole": linkFault("black-hole", someNode),
  "node-half-open": linkFault("half-open", someNode),
  "node-delay": nodeDelay,
  "rolling-restart": rollingRestart,
  "writer-kill": writerKill,
  "writer-pause": writerPause,
  "writer-cut": linkFault("cut", leader),
  "writer-black-hole": linkFault("black-hole", leader),
  "writer-hand-over": writerHandOver,
  "redis-pause": redisPause,
  "redis-restart": redisRestart,
  wipe,
  failover: failover(false),
  "failover-writer-kill": failover(true),
  "split-brain": splitBrain,
  "pubsub-kill": pubsubKill,
  "evict-key": evictKey,
  "script-flush": scriptFlush,
  "clock-jump": clockJump,
  "haproxy-reload": haproxyReload,
  "reconnect-storm": reconnectStorm,
  "join-storm": joinStorm,
  "slow-client": slowClient,
};
