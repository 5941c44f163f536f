import type { Result } from "../report/result.ts";
import { growth, idle, spread, storm } from "./load.ts";

/** Many streams: idle, joined at once, changed once a second, and changed now and then for minutes. */
export async function loadTables(
  quick: boolean,
  progress: (text: string) => void,
): Promise<Pick<Result, "tables" | "ratios">> {
  const streams = quick ? 200 : 2000;
  const count = streams.toLocaleString("en-US");
  progress(`${count} idle streams, with writers on three nodes`);
  const quiet = await idle(streams, 10);
  const large = quick ? 20 : 200;
  progress(`clients connect to ${large} streams of 1 MB at once`);
  const rush = await storm(large, 1000, 5);
  progress(`${count} streams change once a second`);
  const { latency, script, errors } = await spread(streams, 5, quick ? 1 : 3);
  const seconds = quick ? 20 : 480;
  progress(`${count} streams change every four seconds, for ${seconds} s`);
  const samples = await growth(streams, 0.25, seconds, quick ? 2 : 8);
  return {
    tables: [
      {
        title: `${count} streams of 1.3 KB under load`,
        note:
          "Idle: each has a writer on every one of three nodes. The storm: five clients of each stream connect at once to a node that has " +
          "none of them; clients that are ended with `unavailable` come back after one to two seconds. Latency: from `set` until the other " +
          "node's connections have the bytes, in turns with bare messages of the same size on as many channels.",
        rows: [
          { what: "idle: scripts a second", value: quiet.scripts },
          { what: "idle: Redis' CPU, us a second", value: quiet.microseconds },
          { what: `storm on ${large} streams of 1 MB: reads`, value: rush.reads },
          { what: "storm: connections ended with unavailable", value: rush.unavailable },
          { what: "storm: s until all clients have a state", value: rush.ms / 1000 },
          { what: "a change a second each: p50 ms", value: latency.change.p50 },
          { what: "a change a second each: p99 ms", value: latency.change.p99 },
          { what: "bare PUBLISH: p50 ms", value: latency.publish.p50 },
          { what: "bare PUBLISH: p99 ms", value: latency.publish.p99 },
          { what: "Redis' time in scripts for a change, us", value: script },
          { what: "errors reported", value: errors },
        ],
      },
      {
        title: `${count} streams that change every four seconds: memory of the processes`,
        note: "The resident size after a collection, in MB. Logs go back five minutes, so that it grows until then.",
        rows: samples.map((sample) => ({
          s: sample.seconds,
          "writer's node": sample.writer / 1e6,
          "serving node": sample.node / 1e6,
        })),
      },
    ],
    ratios: [
      {
        name: `${count} streams: latency p50, ours / bare PUBLISH`,
        value: latency.change.p50 / latency.publish.p50,
        better: "lower",
      },
    ],
  };
}
