import { startServer } from "./child.ts";
import { openReader } from "./reader.ts";

export interface StallOptions {
  readonly framework: string;
  readonly seconds: number;
}

const MB = 1024 * 1024;

/** One client reads nothing while values of 64 KB change fifty times a second and another client follows: memory, second by second. */
export async function stall({ framework, seconds }: StallOptions): Promise<Record<string, string | number>> {
  const server = await startServer(framework);
  try {
    const stalled = await openReader(server.port);
    const follower = await openReader(server.port);
    stalled.pause();
    server.tell({ do: "flood", bytes: 64 * 1024, perSecond: 50 });
    const rss: number[] = [];
    const kept: number[] = [];
    let written = 0;
    let closed = "";
    for (let second = 1; second <= seconds; second++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const report = await server.ask({ do: "report" });
      rss.push(report.rss / MB);
      kept.push((report.heap + report.buffers) / MB);
      written = report.bytesWritten;
      closed =
        Object.entries(report.closed)
          .map(([reason, count]) => `${reason}: ${count}`)
          .join(", ") || "none";
    }
    follower.leave();
    const round = (value: number | undefined): number => Math.round((value ?? 0) * 10) / 10;
    const settled = Math.min(5, seconds - 1);
    return {
      framework,
      seconds,
      "MB written": round(written / MB),
      "events at follower": follower.events,
      "heap+buffers MB after 5 s": round(kept[settled]),
      "at most": round(Math.max(...kept)),
      "at the end": round(kept.at(-1)),
      "RSS MB after 5 s": round(rss[settled]),
      "RSS at the end": round(rss.at(-1)),
      closed: closed,
    };
  } finally {
    await server.stop();
  }
}
