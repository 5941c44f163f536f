import { choose, type Fault, leader } from "./fault.ts";
import type { NodeReport } from "./serving-node.ts";
import { KEYS, type NodeName, NODES, pause, type World, WRITERS } from "./world.ts";

// What happens to Redis, and to what it holds.

const everyLink = [...NODES, ...WRITERS, "replication"] as const;

export const redisPause: Fault = async ({ world, holdMs, begins }) => {
  const { primary } = world;
  begins(primary.name);
  primary.signal("SIGSTOP");
  await pause(holdMs);
  primary.signal("SIGCONT");
};

export const redisRestart: Fault = async ({ world, holdMs, begins }) => {
  begins(world.primary.name);
  await world.primary.kill();
  await pause(holdMs);
  await world.primary.start();
  world.log.write({ kind: "rolled-back", how: "redis-restart", head: undefined });
};

export const wipe: Fault = async ({ world, begins }) => {
  begins(world.primary.name);
  await world.primary.command("FLUSHALL");
  world.log.write({ kind: "rolled-back", how: "wipe", head: undefined });
};

/** Redis loses writes that it had acknowledged: the replica never heard of them, and takes over. */
export function failover(killWriter: boolean): Fault {
  return async (occasion) => {
    const { world, holdMs, begins } = occasion;
    const { primary, replica } = world;
    // Without a writer that leads, nothing would be lost.
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
 * case that is the one of the writer that led before, and the other writer is killed at once: the writer that has lost the most
 * continues from the other one's position.
 */
export const splitBrain: Fault = async ({ world, holdMs, pick, begins }) => {
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
  await logSurvivors(world, survivor === primary ? "node-1" : "node-2");
  await world.retarget(everyLink, survivor);
  // From here on the other primary acknowledges nothing more.
  await world.rolledBack("split-brain", survivor);
  if (isTurned) {
    const winner = before === "writer-1" ? "writer-2" : "writer-1";
    await world.kill(winner);
    world.startWriter(winner);
  }
  await loser.follow(world.portOf("replication"));
  await world.tellLink({ do: "mode", name: "replication", mode: "through" });
  await loser.synced();
};

/** Writes down which operations are in the primary that survives, by what a node that it serves has; not where that is too slow. */
async function logSurvivors(world: World, node: NodeName): Promise<void> {
  const asked = world.askNode<NodeReport>(node, { do: "report" }).catch(() => undefined);
  const report = await Promise.race([asked, pause(500)]);
  if (report === undefined) return;
  world.log.write({ kind: "operations", node, final: false, survives: true, states: report.operations });
}

/** Has the replica, which holds nothing, follow the primary. */
async function follow(world: World): Promise<void> {
  await world.tellLink({ do: "mode", name: "replication", mode: "through" });
  await world.replica.start();
  await world.replica.follow(world.portOf("replication"));
  await world.replica.synced();
}

export const pubsubKill: Fault = async ({ world, begins }) => {
  begins(world.primary.name);
  await world.primary.command("CLIENT", "KILL", "TYPE", "pubsub");
};

export const evictKey: Fault = async ({ world, pick, begins }) => {
  const key = choose(Object.values(KEYS), pick);
  begins(key);
  await world.primary.command("DEL", key);
};

export const scriptFlush: Fault = async ({ world, begins }) => {
  begins(world.primary.name);
  await world.primary.command("SCRIPT", "FLUSH");
};
