import { createRedisBackplane, type OwnStateWriter } from "@statestream/redis";
import { shiftClock } from "./clock.ts";
import { logWrites } from "./logged-redis.ts";
import { openLog } from "./log.ts";
import { serveMetrics } from "./metrics/serve-metrics.ts";
import { monotonicMs } from "./monotonic.ts";
import { handleCommands, onceBackplane } from "./once-load.ts";
import { randomFrom } from "./random.ts";
import { redisAt } from "./redis-link.ts";
import { backplaneSettings, STREAM } from "./settings.ts";
import { change, type ChaosState, hashOf, initialState } from "./state.ts";

// A writing node, a process of its own: `node writer.js <name> <dir> <redis port> <seed> <metrics port>`. Whenever it leads it changes
// the state, about twenty times a second.

export type WriterOrder =
  /** Changes nothing any more. */
  | { readonly do: "idle" }
  | { readonly do: "resume" }
  /** Hands the lease over, and stands by again. */
  | { readonly do: "hand-over" }
  | { readonly do: "clock"; readonly ms: number };

const [name = "", dir = "", redisPort = "", seed = "", metricsPort = ""] = process.argv.slice(2);
const log = openLog(dir, name);
const random = randomFrom(Number(seed)).fork(`${name}.${process.pid}`);
const redis = redisAt(Number(redisPort));
logWrites(redis, log);

const backplane = createRedisBackplane({
  ...backplaneSettings,
  redis,
  onError: (error) => log.write({ kind: "writer-error", error: String(error) }),
});
serveMetrics(Number(metricsPort), () => backplane.streams);

handleCommands(onceBackplane(Number(redisPort), log));

let operations = 0;
const by = `${name}.${process.pid}`;
let idle = false;
/** Until when nothing is changed, by the monotonic clock. */
let quietUntil = 0;
let room = join();

function join(): OwnStateWriter<ChaosState> {
  return backplane.writer<ChaosState>(STREAM, {
    initialState,
    onLeadership(leads) {
      log.write({ kind: "leads", leads });
      // Half of the writers wait before they write, so that a former leader that is not fenced has time to do harm.
      if (leads && random.below(2) === 0) quietUntil = monotonicMs() + 2500;
      process.send?.({ notice: { leads } });
    },
    onLost({ commits, vanished }) {
      log.write({ kind: "lost", commits, vanished });
    },
  });
}

function work(): void {
  setTimeout(work, random.between(20, 80));
  if (idle || !room.leading || monotonicMs() < quietUntil) return;
  const changed = change(room.state, random);
  const next = { ...room.state, ...changed, op: { by, n: ++operations } };
  log.write({ kind: "operation", by, n: operations, hash: hashOf(next) });
  try {
    make(changed, next.op);
  } catch (error) {
    // The lease may end between two statements.
    if ((error as { code?: string }).code !== "not-leading") throw error;
  }
}

function make(changed: ReturnType<typeof change>, op: ChaosState["op"]): void {
  room.batch(
    () => {
      if (changed.counters !== undefined) room.set("counters", changed.counters);
      if (changed.rows !== undefined) room.set("rows", changed.rows);
      if (changed.profile !== undefined) room.set("profile", changed.profile);
      if (changed.story !== undefined) publishStory(changed.story);
      room.set("op", op);
    },
    { type: "operation", id: String(op.n) },
  );
}

/** A text that only grew is appended to; whatever else changed is found by comparing. */
function publishStory(story: ChaosState["story"]): void {
  const { text, chapters } = room.state.story;
  if (story.chapters === chapters && story.text.startsWith(text))
    room.append("story", "/text", story.text.slice(text.length));
  else room.set("story", story);
}

async function obey(order: WriterOrder): Promise<void> {
  if (order.do === "clock") shiftClock(order.ms);
  if (order.do === "resume") idle = false;
  if (order.do === "idle") {
    idle = true;
    if (room.leading) await room.flushed();
  }
  if (order.do === "hand-over") {
    await room.close();
    // The other one is faster.
    setTimeout(() => (room = join()), 500);
  }
}

process.on("message", ({ call, order }: { call: number; order: WriterOrder }) => {
  void obey(order).then(() => process.send?.({ call }));
});
process.on("disconnect", () => process.exit(0));
work();
