import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { createStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import { type ObservedStats, type ObservedStream, observeStreams } from "../src/index.ts";

const cleanups: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** The real SDK with its Prometheus exporter; `scrape` reads it over HTTP as Prometheus does. */
async function observed(streams: () => Iterable<ObservedStream>) {
  const exporter = new PrometheusExporter({ port: 0, host: "127.0.0.1", preventServerStart: true });
  const server = await listening(createServer((req, res) => exporter.getMetricsRequestHandler(req, res)));
  const provider = new MeterProvider({ readers: [exporter] });
  const stop = observeStreams(provider.getMeter("test"), streams);
  cleanups.push(
    () => provider.shutdown(),
    () => stop(),
  );
  return { stop, scrape: async () => seriesOf(await (await fetch(`${server}/metrics`)).text()) };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Each series with its value; of its labels only those that are ours. */
function seriesOf(text: string): Record<string, number> {
  const series: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = /^(statestream\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === undefined) continue;
    const ours = labels.split(",").filter((label) => label.startsWith("statestream_") || label.startsWith("le="));
    series[`${name}${ours.length > 0 ? `{${ours.join(",")}}` : ""}`] = Number(value);
  }
  return series;
}

async function until(holds: () => boolean): Promise<void> {
  for (let wait = 0; !holds(); wait += 10) {
    if (wait > 5000) throw new Error("It did not happen within 5 s.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const NONE: ObservedStats = {
  connections: 0,
  events: 0,
  replacements: 0,
  bytesWritten: 0,
  errors: 0,
  logEvents: 0,
  logBytes: 0,
  logAgeMs: 0,
  snapshots: {},
  closed: {},
};

test("a scrape over HTTP shows connections, events, bytes, snapshots and closes by reason, and the flush duration", async () => {
  const stream = createStateStream({ initialState: { n: 0 }, maxLogEvents: 2 });
  const url = await listening(createServer((req, res) => writeStateStream(req, res, stream)));
  const { scrape } = await observed(() => [stream]);

  const leave = new AbortController();
  const staying = await fetch(url);
  const leaving = await fetch(url, { headers: { "Last-Event-ID": "otherepoch0.5" }, signal: leave.signal });
  await until(() => stream.stats().connections === 2);
  for (let n = 1; n <= 5; n++) {
    const { bytesWritten } = stream.stats();
    stream.set("n", n);
    await until(() => stream.stats().bytesWritten > bytesWritten);
  }
  leave.abort();
  await expect(leaving.text()).rejects.toThrow("aborted");
  await until(() => stream.stats().connections === 1);

  const series = await scrape();
  expect(series).toMatchObject({
    statestream_streams: 1,
    statestream_connections: 1,
    'statestream_connections_closed_total{statestream_reason="disconnected"}': 1,
    'statestream_connections_closed_total{statestream_reason="stalled"}': 0,
    statestream_events_total: 5,
    statestream_replacements_total: 5,
    statestream_sent_total: stream.stats().bytesWritten,
    'statestream_snapshots_total{statestream_reason="connect"}': 1,
    'statestream_snapshots_total{statestream_reason="epoch"}': 1,
    statestream_errors_total: 0,
    statestream_log_events: 2,
    statestream_log_size: stream.stats().logBytes,
  });
  expect(series["statestream_log_age"]).toBeGreaterThanOrEqual(0);
  expect(series["statestream_flush_duration_count"]).toBeGreaterThanOrEqual(1);
  await staying.body?.cancel();
});

test("the number of series does not depend on how many streams and clients there are", async () => {
  const make = () => createStateStream({ initialState: { n: 0 } });
  const few = [make()];
  const many = Array.from({ length: 200 }, make);
  for (const stream of many) for (let n = 0; n < 5; n++) stream.connect({ context: n });
  let streams = few;
  const { scrape } = await observed(() => streams);
  const before = Object.keys(await scrape());
  streams = many;
  const after = await scrape();
  expect(Object.keys(after).filter((name) => !name.startsWith("statestream_flush"))).toEqual(
    before.filter((name) => !name.startsWith("statestream_flush")),
  );
  expect(after).toMatchObject({ statestream_streams: 200, statestream_connections: 1000 });
  for (const stream of many) void stream.close();
});

test("what a stream counted until it was closed stays in the sums when it is no longer listed", async () => {
  const room = createStateStream({ initialState: { n: 0 } });
  const rooms = new Set([room]);
  const { scrape } = await observed(() => rooms);
  room.set("n", 1);
  expect((await scrape())["statestream_events_total"]).toBe(1);
  room.set("n", 2);
  rooms.delete(room);
  expect(await scrape()).toMatchObject({ statestream_events_total: 2, statestream_streams: 0 });
  expect(await scrape()).toMatchObject({ statestream_events_total: 2 });
});

test("a stream that counts from 0 again adds to the sums instead of subtracting", async () => {
  let events = 10;
  const stream: ObservedStream = { stats: () => ({ ...NONE, events }) };
  const { scrape } = await observed(() => [stream]);
  expect((await scrape())["statestream_events_total"]).toBe(10);
  events = 3;
  expect((await scrape())["statestream_events_total"]).toBe(13);
});

test("of streams on a backplane, the worst lag and the longest stale time count", async () => {
  const served = (role: string, lag: number, staleSince: number | undefined): ObservedStream => ({
    stats: () => ({
      ...NONE,
      backplane: { role, lag, staleSince, reads: 2, repairs: 1, resyncs: { gap: 1 } },
    }),
  });
  const streams = [served("leading", 0, undefined), served("serving", 7, Date.now() - 5000)];
  const { scrape } = await observed(() => streams);
  const series = await scrape();
  expect(series).toMatchObject({
    'statestream_backplane_streams{statestream_role="leading"}': 1,
    'statestream_backplane_streams{statestream_role="standby"}': 0,
    'statestream_backplane_streams{statestream_role="serving"}': 1,
    statestream_backplane_lag: 7,
    statestream_backplane_reads_total: 4,
    statestream_backplane_repairs_total: 2,
    'statestream_backplane_resyncs_total{statestream_reason="gap"}': 2,
  });
  expect(series["statestream_backplane_stale_duration"]).toBeGreaterThanOrEqual(5);
});

test("a process without a backplane has no backplane series", async () => {
  const { scrape } = await observed(() => [createStateStream({ initialState: { n: 0 } })]);
  expect(Object.keys(await scrape()).filter((name) => name.includes("backplane"))).toEqual([]);
});

test("after it is stopped, nothing is observed any more", async () => {
  const stream = createStateStream({ initialState: { n: 0 } });
  let calls = 0;
  const { scrape, stop } = await observed(() => {
    calls++;
    return [stream];
  });
  await scrape();
  stop();
  await scrape();
  expect(calls).toBe(1);
});

test("the dashboard and the alert rules name only metrics that are exported", async () => {
  const served: ObservedStream = {
    stats: () => ({
      ...NONE,
      events: 2,
      logEvents: 1,
      backplane: { role: "leading", lag: 0, staleSince: undefined, reads: 1, repairs: 0, resyncs: { gap: 1 } },
    }),
  };
  const { scrape } = await observed(() => [served]);
  const flushed = createStateStream({ initialState: { n: 0 } });
  flushed.connect().onReadable(() => {});
  flushed.set("n", 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const exported = new Set(Object.keys(await scrape()).map((name) => name.replace(/\{.*/, "")));
  for (const file of ["statestream.json", "alerts.yaml"]) {
    const text = await readFile(new URL(`../dashboards/${file}`, import.meta.url), "utf8");
    const named = text.match(/statestream_(?!reason|role)\w+(\(_\w+\)\?\w*)?/g) ?? [];
    expect(named.length).toBeGreaterThan(5);
    for (const name of named) expect(exported).toContain(name.replace(/\(_\w+\)\?/, ""));
  }
});
