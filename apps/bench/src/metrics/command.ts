import { setImmediate } from "node:timers/promises";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { createStateStream, type WritableStateStream } from "@statestream/core";
import { observeStreams } from "@statestream/otel";
import { ours } from "../fanout/entries.ts";
import { measure } from "../fanout/measure.ts";
import type { Command, RunOptions } from "../command.ts";
import { median } from "../measure/statistics.ts";
import type { Result } from "../report/result.ts";

const CLIENTS = 1000;
/** Changes of a round: 15 seconds at 20 changes a second, which is as often as Prometheus scrapes by default. */
const CHANGES = 300;

export const metrics: Command = {
  name: "metrics",
  summary:
    "what OpenTelemetry metrics cost a stream with 1,000 clients: flushes observed, and a scrape every 15 seconds",
  packages: ["@opentelemetry/sdk-metrics", "@opentelemetry/exporter-prometheus"],
  minutes: { full: 3, quick: 0.5 },
  checked: false,
  run: async (options) => run(options),
};

interface Counter {
  count: number;
}

/** A stream whose clients read whatever they are given, without sockets: what metrics cost is most beside that. */
function followed(): WritableStateStream<Counter> {
  const stream = createStateStream<Counter>({ initialState: { count: 0 } });
  for (let client = 0; client < CLIENTS; client++) {
    const connection = stream.connect();
    const read = (): void => {
      while (connection.read() !== undefined);
    };
    connection.onReadable(read);
    read();
  }
  return stream;
}

/** Microseconds of CPU per flush. */
async function round(stream: WritableStateStream<Counter>, isObserved: boolean): Promise<number> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({ readers: [exporter] });
  const stop = isObserved ? observeStreams(provider.getMeter("bench"), () => [stream]) : undefined;
  const before = process.cpuUsage();
  for (let change = 0; change < CHANGES; change++) {
    stream.set("count", (count) => count + 1);
    await setImmediate();
  }
  if (stop !== undefined) {
    const { resourceMetrics } = await exporter.collect();
    const text = new PrometheusSerializer().serialize(resourceMetrics);
    const flushes = /^statestream_flush_duration_count\S* (\d+)$/m.exec(text)?.[1];
    if (Number(flushes) !== CHANGES) throw new Error(`The scrape says ${flushes} flushes, not ${CHANGES}.`);
  }
  const { user, system } = process.cpuUsage(before);
  stop?.();
  await provider.shutdown();
  return (user + system) / CHANGES;
}

async function run({ quick, progress }: RunOptions): Promise<Result> {
  const stream = followed();
  const on: number[] = [];
  const off: number[] = [];
  // The first rounds pay for compiling.
  for (let warm = 0; warm < 3; warm++) for (const isObserved of [true, false]) await round(stream, isObserved);
  const rounds = quick ? 41 : 201;
  progress(`${rounds} rounds of ${CHANGES} changes, each with metrics and without`);
  for (let count = 0; count < rounds; count++) {
    // By turns, so that neither always comes first.
    for (const isObserved of count % 2 === 0 ? [true, false] : [false, true]) {
      (isObserved ? on : off).push(await round(stream, isObserved));
    }
  }
  await stream.close();
  const [server] = await measure([ours.socket("node")], {
    kilobytes: 200,
    connections: CLIENTS,
    rounds: quick ? 3 : 9,
    changes: 50,
    progress,
  });
  if (server === undefined || server.wrong !== undefined) throw new Error(`The server is ${server?.wrong}.`);
  const flush = median(server.us) * CLIENTS;
  const added = median(on.map((us, index) => us - (off[index] as number)));
  return {
    title: "Metrics: what observeStreams costs",
    tables: [
      {
        title: `A change, to ${CLIENTS.toLocaleString("en-US")} clients`,
        note: "The cost of metrics is measured without sockets, since over sockets it is smaller than the noise: each flush is recorded, and one scrape by the Prometheus exporter comes on 300 flushes, as with 20 changes a second and a scrape every 15 seconds.",
        rows: [
          { "": "a server over sockets, as in fanout", "CPU, µs": flush },
          { "": "without sockets", "CPU, µs": median(off) },
          { "": "without sockets, with metrics", "CPU, µs": median(on) },
          { "": "added by metrics", "CPU, µs": added },
        ],
      },
    ],
    ratios: [
      {
        name: `${CLIENTS.toLocaleString("en-US")} clients: CPU of a server with metrics / without`,
        value: (flush + added) / flush,
        better: "lower",
        target: 1.01,
      },
    ],
    charts: [],
  };
}
