import type { Cell } from "../report/result.ts";
import type { Cost, Many } from "./measure.ts";

const CLIENTS = 1_000_000;
const NODES = 100;
const STREAMS = 10_000;
/** Changes of each stream in a second, and bytes of one with what Redis adds to a message. */
const RATE = 1;
const MESSAGE_BYTES = 400;
/** Bytes of one frame to a client. */
const FRAME_BYTES = 420;

/** How many nodes have a client of a stream, where each of its clients goes to any node. */
function nodesPerStream(): number {
  return NODES * (1 - (1 - 1 / NODES) ** (CLIENTS / STREAMS));
}

/** A million clients on a hundred nodes, from what was measured: with a balancer that spreads, and one that hashes. */
export function paper(cost: Cost, { redisBytes, entryBytes, nodeBytes }: Many, frame: number): Record<string, Cell>[] {
  const column = (spread: number): Record<string, Cell> => {
    const messages = STREAMS * RATE * spread;
    const perNode = (STREAMS * spread) / NODES;
    return {
      "streams on a node": Math.round(perNode),
      "messages Redis sends, per s": messages,
      "Redis' egress, MB/s": (messages * MESSAGE_BYTES) / 1e6,
      // One subscriber was measured; one message more costs Redis little beside the script that sends it.
      "cores for Redis' scripts": (STREAMS * RATE * cost.redis) / 1e6,
      "cores for the writers, all nodes": (STREAMS * RATE * cost.writer) / 1e6,
      "cores of a node for what comes": (perNode * RATE * cost.node) / 1e6,
      "cores of a node for its clients": (((CLIENTS / NODES) * RATE * STREAMS) / STREAMS / 1e6) * frame,
      "a node's egress, MB/s": ((CLIENTS / NODES) * RATE * FRAME_BYTES) / 1e6,
      "a node's heap for copies, MB": (perNode * nodeBytes) / 1e6,
      "Redis' memory with 200 commits each, MB": (STREAMS * (redisBytes + 200 * entryBytes)) / 1e6,
    };
  };
  const any = column(nodesPerStream());
  const hashed = column(2);
  return Object.keys(any).map((what) => ({
    "": what,
    "any node": any[what] as Cell,
    "hashed, 2 nodes a stream": hashed[what] as Cell,
  }));
}
