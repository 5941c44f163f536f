import type { Command, RunOptions } from "../command.ts";
import type { Result } from "../report/result.ts";
import { loadTables } from "./load-tables.ts";
import { many, pair } from "./measure.ts";
import { paper } from "./paper.ts";
import { redisServerVersion } from "@statestream/redis-server";

/** Microseconds of CPU of a frame to a client on the socket path, to do sums with; `pnpm bench fanout` measures it. */
const FRAME_MICROSECONDS = 5;

export const cluster: Command = {
  name: "cluster",
  summary: "many nodes: what a change costs through Redis, and what a node's streams cost",
  packages: ["redis"],
  minutes: { full: 14, quick: 2 },
  checked: false,
  run,
};

async function run({ quick, progress }: RunOptions): Promise<Result> {
  const version = redisServerVersion();
  if (version === undefined) {
    const note = "redis-server is not installed (Debian: redis-server), so nothing was measured.";
    return { title: "Cluster", tables: [{ title: "Not measured", note, rows: [] }], ratios: [], charts: [] };
  }
  progress("two nodes, one stream");
  const { change, publish } = await pair(quick ? 1 : 5);
  const streams = quick ? 200 : 1000;
  progress(`a node joins ${streams} streams, and a replica is promoted`);
  const fleet = await many(streams);
  const { failover } = fleet;
  const load = await loadTables(quick, progress);
  return {
    title: `Cluster: nodes around one Redis ${version}`,
    tables: [
      {
        title: "One change, from a writer to another node",
        note:
          "A state of 20 KB, changes of about 300 bytes. Beside ours, the same bytes by a bare PUBLISH to a bare SUBSCRIBE, in the same rounds. " +
          "Latency at 200 a second, from the call of `set` until the other node's connections have the bytes; CPU at 1,000 a second, each a call of its own.",
        rows: [
          {
            "": "Statestream",
            "p50 ms": change.latency.p50,
            "p99 ms": change.latency.p99,
            "writer us": change.cost.writer,
            "Redis us": change.cost.redis,
            "serving node us": change.cost.node,
          },
          {
            "": "bare PUBLISH",
            "p50 ms": publish.latency.p50,
            "p99 ms": publish.latency.p99,
            "writer us": publish.cost.writer,
            "Redis us": publish.cost.redis,
            "serving node us": publish.cost.node,
          },
        ],
      },
      {
        title: `${streams.toLocaleString("en-US")} streams`,
        note: "A state of 1.3 KB each. The failover is one that loses nothing: a replica is promoted, and everybody is cut off and sent there.",
        rows: [
          { what: "a node joins all of them, ms", value: fleet.joinMs },
          { what: "Redis, bytes a stream", value: fleet.redisBytes },
          { what: "Redis, bytes a commit in the log", value: fleet.entryBytes },
          { what: "a node's heap, bytes a stream, with a client", value: fleet.nodeBytes },
          { what: "failover: streams read again", value: failover.reads },
          { what: "failover: copies replaced", value: failover.resyncs },
          { what: "failover: snapshots to clients", value: failover.snapshots },
          { what: "failover: ms until a change arrives again", value: failover.ms },
        ],
      },
      ...load.tables,
      {
        title: "On paper: 1,000,000 clients on 100 nodes, 10,000 streams, a change a second each",
        note:
          `Sums with the figures above; ${FRAME_MICROSECONDS} us for a frame to a client is what \`pnpm bench fanout\` measures on the socket path, rounded. ` +
          "Redis sends each message to every node that has the stream: what its sockets cost then is not in these sums.",
        rows: paper(change.cost, fleet, FRAME_MICROSECONDS),
      },
    ],
    ratios: [
      { name: "latency p50, ours / bare PUBLISH", value: change.latency.p50 / publish.latency.p50, better: "lower" },
      { name: "Redis CPU, ours / bare PUBLISH", value: change.cost.redis / publish.cost.redis, better: "lower" },
      ...load.ratios,
    ],
    charts: [],
  };
}
