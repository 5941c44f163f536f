import { openClient } from "../clients/client.ts";
import { Follower } from "../clients/follower.ts";
import { sleep, until } from "../measure/clock.ts";
import type { Cell } from "../report/result.ts";
import type { Framework } from "../servers/contender.ts";
import { startServer } from "../servers/process.ts";

const MB = 2 ** 20;

/** A value of 64 KB, fifty times a second: three megabytes a second that one client does not take. */
const KILOBYTES = 64;
const PER_SECOND = 50;

/** One client reads nothing while whole values change and another client follows: the server's memory, second by second. */
export async function slow(framework: Framework, seconds: number): Promise<Record<string, Cell>> {
  const server = await startServer("./ours.js", KILOBYTES, { framework, wholeValues: true });
  const follower = new Follower();
  const following = openClient(server.port, (body) => follower.take(body));
  const stalledFollower = new Follower();
  const stalled = openClient(server.port, (body) => stalledFollower.take(body));
  try {
    await until(() => follower.seq >= 0 && stalledFollower.seq >= 0, 10_000);
    stalled.socket.pause();
    await server.ask({ do: "pace", perSecond: PER_SECOND });
    const kept: number[] = [];
    const rss: number[] = [];
    for (let second = 1; second <= seconds; second++) {
      await sleep(1000);
      const report = await server.ask({ do: "report", collect: true });
      rss.push(report.rss / MB);
      kept.push((report.heap + report.buffers) / MB);
    }
    const { details, seq } = await server.ask({ do: "stop" });
    const follows = await until(() => follower.seq === seq, 5000);
    const settled = Math.min(5, seconds - 1);
    return {
      "": framework,
      "MB written": (details["bytesWritten"] ?? 0) / MB,
      "updates at the follower": follower.updates,
      "follower on the last state": follows && follower.gaps === 0 ? "yes" : "no",
      "heap + buffers MB after 5 s": kept[settled] as number,
      "at most": Math.max(...kept),
      "at the end": kept.at(-1) as number,
      "RSS MB after 5 s": rss[settled] as number,
      "RSS at the end": rss.at(-1) as number,
      closed: details["closed"] ?? 0,
    };
  } finally {
    following.socket.destroy();
    stalled.socket.destroy();
    await server.stop();
  }
}
