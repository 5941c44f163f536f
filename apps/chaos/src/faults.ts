import type { FaultName } from "./schedule.ts";
import { KEYS, type LinkName, type NodeName, NODES, pause, type World, WRITERS, type WriterName } from "./world.ts";
import type { LinkMode } from "./proxy.ts";
import { newerBuild } from "./mutants.ts";

/** What a fault is told: where, which of the possible targets (0 to 1), and how long it stays. */
interface Occasion {
  readonly world: World;
  readonly pick: number;
  readonly holdMs: number;
  /** Writes down that it begins, and whom it hits. */
  begins(...targets: string[]): void;
}

/** Makes the fault, and heals it: when it resolves, everything runs and is connected again. */
type Fault = (occasion: Occasion) => Promise<void>;

const everyLink = [...NODES, ...WRITERS, "replication"] as const;

function choose<T>(values: readonly T[], pick: number): T {
  return values[Math.floor(pick * values.length)] as T;
}

function linkFault(mode: LinkMode, name: (occasion: Occasion) => Promise<LinkName> | LinkName): Fault {
  return async (occasion) => {
    const { world, holdMs, begins } = occasion;
    const link = await name(occasion);
    begins(link);
    await world.tellLink({ do: "mode", name: link, mode });
    await pause(holdMs);
    await world.tellLink({ do: "mode", name: link, mode: "through" });
  };
}

const someNode = ({ pick }: Occasion): NodeName => choose(NODES, pick);
const leader = ({ world }: Occasion): Promise<WriterName> => world.leader();

const nodeKill: Fault = async (occasion) => {
  const name = someNode(occasion);
  occasion.begins(name);
  await occasion.world.kill(name);
  await pause(occasion.holdMs);
  await occasion.world.startNode(name);
};

const nodePause: Fault = async (occasion) => {
  const name = someNode(occasion);
  occasion.begins(name);
  occasion.world.stop(name);
  await pause(occasion.holdMs);
  occasion.world.continue(name);
};

const nodeDelay: Fault = async (occasion) => {
  const { world, holdMs } = occasion;
  const name = someNode(occasion);
  occasion.begins(name);
  await world.tellLink({ do: "delay", name, ms: 150 });
  await pause(holdMs);
  await world.tellLink({ do: "delay", name, ms: 0 });
};

/** Every node in turn, and both writers, one of which comes back as the version to come. */
const rollingRestart: Fault = async ({ world, begins }) => {
  begins(...NODES, ...WRITERS);
  for (const name of NODES) {
    await world.drain(name);
    await world.startNode(name, name === "node-2" ? newerBuild : undefined);
    // HAProxy must have seen it before the next one goes.
    await pause(700);
  }
  const before = await world.leader();
  const other = before === "writer-1" ? "writer-2" : "writer-1";
  await world.kill(other);
  world.startWriter(other, newerBuild);
  await pause(1000);
  await world.tellWriter(before, { do: "hand-over" });
};

const writerKill: Fault = async (occasion) => {
  const { world, holdMs, begins } = occasion;
  const name = await leader(occasion);
  begins(name);
  await world.kill(name);
  await pause(holdMs);
  world.startWriter(name);
};

const writerPause: Fault = async (occasion) => {
  const { world, holdMs, begins } = occasion;
  const name = await leader(occasion);
  begins(name);
  world.stop(name);
  await pause(holdMs);
  world.continue(name);
};

const writerHandOver: Fault = async (occasion) => {
  const name = await leader(occasion);
  occasion.begins(name);
  await occasion.world.tellWriter(name, { do: "hand-over" });
};

const redisPause: Fault = async ({ world, holdMs, begins }) => {
  const { primary } = world;
  begins(primary.name);
  primary.signal("SIGSTOP");
  await pause(holdMs);
  primary.signal("SIGCONT");
};

const redisRestart: Fault = async ({ world, holdMs, begins }) => {
  begins(world.primary.name);
  await world.primary.kill();
  await pause(holdMs);
  await world.primary.start();
  world.log.write({ kind: "rolled-back", how: "redis-restart", head: undefined });
};

const wipe: Fault = async ({ world, begins }) => {
  begins(world.primary.name);
  await world.primary.command("FLUSHALL");
  world.log.write({ kind: "rolled-back", how: "wipe", head: undefined });
};

/** Redis loses writes that it had acknowledged: the replica never heard of them, and takes over. */
function failover(killWriter: boolean): Fault {
  return async (occasion) => {
    const { world, holdMs, begins } = occasion;
    const { primary, replica } = world;
    // Somebody must be writing, or nothing is lost.
    const writer = await leader(occasion);
    await replica.synced();
    begins(primary.name, ...(killWriter ? [writer] : []));
    await world.tellLink({ do: "mode", name: "replication", mode: "cut" });
    await pause(holdMs);
    if (killWriter) await world.kill(writer);
    await primary.kill();
    await replica.promote();
    await world.rolledBack("failover", replica);
    world.primary = replica;
    world.replica = primary;
    await world.retarget(everyLink, replica);
    await follow(world);
    if (killWriter) world.startWriter(writer);
  };
}

/**
 * Two primaries for a while, each with a writer and nodes of its own; then one of them gives up what it has. In every second
 * case that is the one of the writer that led before, and the other writer is killed at once: whoever has lost the most goes on
 * from where the other was.
 */
const splitBrain: Fault = async ({ world, holdMs, pick, begins }) => {
  const { primary, replica } = world;
  const before = await world.leader();
  await replica.synced();
  begins(primary.name, replica.name);
  await world.tellLink({ do: "mode", name: "replication", mode: "cut" });
  await replica.promote();
  await world.retarget(["node-2", "node-3", "writer-2"], replica);
  await pause(holdMs);
  const isTurned = pick < 0.5;
  // Writer 1 stays with the primary.
  const survivor = (isTurned ? before === "writer-2" : pick < 0.75) ? primary : replica;
  const loser = survivor === primary ? replica : primary;
  world.primary = survivor;
  world.replica = loser;
  await world.rolledBack("split-brain", survivor);
  await world.retarget(everyLink, survivor);
  if (isTurned) {
    const winner = before === "writer-1" ? "writer-2" : "writer-1";
    await world.kill(winner);
    world.startWriter(winner);
  }
  await loser.follow(world.portOf("replication"));
  await world.tellLink({ do: "mode", name: "replication", mode: "through" });
  await loser.synced();
};

/** Has the replica, which holds nothing, follow the primary. */
async function follow(world: World): Promise<void> {
  await world.tellLink({ do: "mode", name: "replication", mode: "through" });
  await world.replica.start();
  await world.replica.follow(world.portOf("replication"));
  await world.replica.synced();
}

const pubsubKill: Fault = async ({ world, begins }) => {
  begins(world.primary.name);
  await world.primary.command("CLIENT", "KILL", "TYPE", "pubsub");
};

const evictKey: Fault = async ({ world, pick, begins }) => {
  const key = choose(Object.values(KEYS), pick);
  begins(key);
  await world.primary.command("DEL", key);
};

const scriptFlush: Fault = async ({ world, begins }) => {
  begins(world.primary.name);
  await world.primary.command("SCRIPT", "FLUSH");
};

/** Backwards or forwards, on every node and writer; a Redis cannot be told another time. */
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
  "slow-client": slowClient,
};
