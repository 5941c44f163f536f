import type { ClientReport } from "./clients.ts";
import type { Entry, Position } from "./facts.ts";
import { keyOf, keyOfId } from "./check/lineage.ts";
import { monotonicMs } from "./monotonic.ts";
import type { LinkMode } from "./proxy.ts";
import type { NodeReport } from "./serving-node.ts";
import { CONVERGENCE_MS, PREFIX } from "./settings.ts";
import type { OnceState } from "./once-load.ts";
import { KEYS, NODES, pause, type World, WRITERS } from "./world.ts";

/** Milliseconds in which the writers write on after the nemesis has stopped. */
const AFTERGLOW_MS = 2500;

/** Milliseconds of changes that the nodes do not hear of. */
const LAST_MS = 500;

interface Place {
  readonly what: "node" | "client";
  readonly name: string;
  readonly eventId: string | undefined;
  readonly hash: string | undefined;
}

/** Stops the writers, and waits until everybody is where Redis is; writes down who is, and what Redis has. */
export async function settle(world: World): Promise<void> {
  world.log.write({ kind: "quiet" });
  await world.leader();
  await pause(AFTERGLOW_MS);
  await world.askClients({ do: "settle" });
  // The last changes of all reach no node, and nothing comes after them that would give them away.
  await modeOfNodes(world, "cut");
  await pause(LAST_MS);
  await Promise.race([Promise.all(WRITERS.map((name) => world.tellWriter(name, { do: "idle" }))), pause(5000)]);
  await modeOfNodes(world, "through");
  await Promise.all(NODES.map((name) => world.askNode(name, { do: "idle" })));
  world.log.write({ kind: "idle" });
  const start = monotonicMs();
  const arrivedAt = new Map<string, number>();
  for (;;) {
    const head = await headOf(world);
    const places = await placesOf(world);
    const elapsed = monotonicMs() - start;
    for (const { name, eventId } of places) {
      const there = head !== undefined && eventId !== undefined && eventId !== "" && keyOfId(eventId) === keyOf(head);
      if (!there) arrivedAt.delete(name);
      else if (!arrivedAt.has(name)) arrivedAt.set(name, elapsed);
    }
    if (arrivedAt.size < places.length && elapsed < CONVERGENCE_MS) {
      await pause(250);
      continue;
    }
    await lookAtOperations(world);
    for (const place of places) world.log.write({ kind: "final", ...place, afterMs: arrivedAt.get(place.name) });
    return dump(world, head);
  }
}

/** Writes down which operations took effect, once the nodes agree. */
async function lookAtOperations(world: World): Promise<void> {
  for (const until = monotonicMs() + CONVERGENCE_MS; ; await pause(250)) {
    const reports = await Promise.all(NODES.map((name) => reportOf(world, name)));
    const texts = new Set(reports.map((report) => JSON.stringify(report?.operations)));
    if (texts.size > 1 && monotonicMs() < until) continue;
    for (const [index, node] of NODES.entries()) {
      const states = reports[index]?.operations;
      if (states !== undefined) world.log.write({ kind: "operations", node, final: true, states });
    }
    const [node = "node-1"] = NODES;
    const create = await world.askNode<OnceState>(node, { do: "created", from: world.startedAt });
    world.log.write({ kind: "operations", node, final: true, states: { create } });
    return;
  }
}

async function modeOfNodes(world: World, mode: LinkMode): Promise<void> {
  await Promise.all(NODES.map((name) => world.tellLink({ do: "mode", name, mode })));
}

/** Writes down where each node is. */
export async function sampleNodes(world: World): Promise<void> {
  await Promise.all(
    NODES.map(async (node) => {
      const report = await reportOf(world, node).catch(() => undefined);
      if (report === undefined) return;
      const { eventId, hash, rss, connections } = report;
      world.log.write({ kind: "sample", node, eventId, hash, rss, connections });
      world.log.write({ kind: "operations", node, final: false, states: report.operations });
    }),
  );
}

/** A node that is stopped says nothing. */
function reportOf(world: World, node: (typeof NODES)[number]): Promise<NodeReport | undefined> {
  return Promise.race([world.askNode<NodeReport>(node, { do: "report" }), pause(1000).then(() => undefined)]);
}

async function placesOf(world: World): Promise<Place[]> {
  const clients = await world.askClients<ClientReport[]>({ do: "report" });
  const nodes = await Promise.all(NODES.map(async (name) => ({ name, report: await reportOf(world, name) })));
  return [
    ...clients.map(({ name, eventId, hash }) => ({ what: "client" as const, name, eventId, hash })),
    ...nodes.map(({ name, report }) => ({ what: "node" as const, name, eventId: report?.eventId, hash: report?.hash })),
  ];
}

async function headOf(world: World): Promise<Position | undefined> {
  const [epoch, seq] = await world.primary.command<[string | null, string | null]>("HMGET", KEYS.meta, "e", "n");
  return epoch === null ? undefined : { epoch, seq: Number(seq) };
}

async function dump(world: World, head: Position | undefined): Promise<void> {
  if (head === undefined) return;
  const { primary, log } = world;
  const rows = await primary.command<[string, string[]][]>("XRANGE", KEYS.log, "-", "+");
  const entries = rows.map(([id, fields]): Entry => {
    const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? "";
    return {
      epoch: field("e"),
      previous: field("p"),
      first: Number(field("f")),
      last: Number.parseInt(id),
      body: field("d"),
    };
  });
  const [epoch, seq, body] = await primary.command<[string, string, string] | [null, null, null]>(
    "HMGET",
    KEYS.checkpoint,
    "e",
    "n",
    "d",
  );
  const checkpoint = epoch === null ? undefined : { position: { epoch, seq: Number(seq) }, body };
  const names = await primary.command<string[]>("PUBSUB", "CHANNELS", `${PREFIX}:{*`);
  const channels: Record<string, number> = {};
  for (const name of names) {
    const [, subscribers] = await primary.command<[string, number]>("PUBSUB", "NUMSUB", name);
    channels[name] = Number(subscribers);
  }
  log.write({ kind: "engine", head, entries, checkpoint, channels });
}
