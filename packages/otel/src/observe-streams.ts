import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Attributes, type Meter, type Observable, ValueType } from "@opentelemetry/api";
import { addGrowth, noTotals, type ObservedStats, type ObservedStream } from "./observed.ts";

const REASON = "statestream.reason";
const ROLE = "statestream.role";

/** From a tenth of a millisecond, a flush to a few clients, to a second, in which nothing else runs. */
const FLUSH_BOUNDARIES = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

const FLUSH_CHANNEL = "statestream:flush";

/**
 * Reports the figures of streams as OpenTelemetry metrics, summed over all of them: the number of time series is fixed,
 * however many streams and clients there are. Attributes carry reasons, never clients, names or data.
 *
 * `streams` is called at each collection and gives the streams of that moment. A stream that is no longer listed is read
 * once more and then released; what it counted stays in the sums. List the same object for the same stream each time.
 *
 * The flush duration is that of all streams of the process, listed or not.
 *
 * @example
 * observeStreams(metrics.getMeter("my-app"), () => rooms.values());
 *
 * @returns How to stop.
 */
export function observeStreams(meter: Meter, streams: () => Iterable<ObservedStream>): () => void {
  const instruments = instrumentsOf(meter);
  const observables: Observable[] = Object.values(instruments);
  const totals = noTotals();
  let seen = new Map<ObservedStream, ObservedStats>();

  const onCollect: Parameters<Meter["addBatchObservableCallback"]>[0] = (result) => {
    const listed = new Set(streams());
    const current = new Map<ObservedStream, ObservedStats>();
    for (const stream of new Set([...listed, ...seen.keys()])) {
      const stats = stream.stats();
      addGrowth(totals, seen.get(stream), stats);
      if (listed.has(stream)) current.set(stream, stats);
    }
    seen = current;

    const observe = (name: keyof typeof instruments, value: number, attributes?: Attributes): void =>
      result.observe(instruments[name], value, attributes);
    const observeEach = (name: keyof typeof instruments, counts: Readonly<Record<string, number>>): void => {
      for (const [reason, count] of Object.entries(counts)) observe(name, count, { [REASON]: reason });
    };
    observe("events", totals.events);
    observe("replacements", totals.replacements);
    observe("sent", totals.bytesWritten);
    observe("errors", totals.errors);
    observeEach("snapshots", totals.snapshots);
    observeEach("closed", totals.closed);

    const all = [...current.values()];
    observe("streams", all.length);
    observe(
      "connections",
      sum(all, ({ connections }) => connections),
    );
    observe(
      "logEvents",
      sum(all, ({ logEvents }) => logEvents),
    );
    observe(
      "logBytes",
      sum(all, ({ logBytes }) => logBytes),
    );
    // A log that still holds its first event answers every client, however young it is.
    const trimmed = all.filter(({ events, logEvents }) => events > logEvents && logEvents > 0);
    if (trimmed.length > 0) observe("logAge", Math.min(...trimmed.map(({ logAgeMs }) => logAgeMs)) / 1000);

    const served = all.flatMap(({ backplane }) => backplane ?? []);
    if (served.length === 0 && totals.reads === 0) return;
    observe("backplaneReads", totals.reads);
    observe("backplaneRepairs", totals.repairs);
    observeEach("backplaneResyncs", totals.resyncs);
    for (const role of ["leading", "standby", "serving"]) {
      observe("backplaneStreams", served.filter((stats) => stats.role === role).length, { [ROLE]: role });
    }
    observe("backplaneLag", Math.max(0, ...served.map(({ lag }) => lag ?? 0)));
    const now = Date.now();
    const staleMs = served.map(({ staleSince }) => (staleSince === undefined ? 0 : now - staleSince));
    observe("backplaneStale", Math.max(0, ...staleMs) / 1000);
  };

  const flushDuration = meter.createHistogram("statestream.flush.duration", {
    description:
      "Time in which the connections of one stream were notified of a change, during which nothing else runs.",
    unit: "s",
    advice: { explicitBucketBoundaries: FLUSH_BOUNDARIES },
  });
  const onFlush = (message: unknown): void =>
    flushDuration.record((message as { readonly durationMs: number }).durationMs / 1000);

  meter.addBatchObservableCallback(onCollect, observables);
  subscribe(FLUSH_CHANNEL, onFlush);
  return () => {
    meter.removeBatchObservableCallback(onCollect, observables);
    unsubscribe(FLUSH_CHANNEL, onFlush);
  };
}

function instrumentsOf(meter: Meter) {
  const counter = (name: string, unit: string, description: string) =>
    meter.createObservableCounter(name, { unit, description, valueType: ValueType.INT });
  const level = (name: string, unit: string, description: string) =>
    meter.createObservableUpDownCounter(name, { unit, description, valueType: ValueType.INT });
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(name, { unit, description });
  return {
    streams: level("statestream.streams", "{stream}", "Streams observed."),
    connections: level("statestream.connections", "{connection}", "Open connections."),
    closed: counter("statestream.connections.closed", "{connection}", "Connections closed, by reason."),
    events: counter("statestream.events", "{event}", "Events appended to the logs."),
    replacements: counter(
      "statestream.replacements",
      "{event}",
      "Events that carried a whole value instead of patches.",
    ),
    sent: counter("statestream.sent", "By", "Bytes handed to the writers of responses."),
    snapshots: counter(
      "statestream.snapshots",
      "{snapshot}",
      "Snapshots sent, by reason. All but those for `connect` are resynchronisations.",
    ),
    errors: counter("statestream.errors", "{error}", "Errors that the streams survived and reported."),
    logEvents: level("statestream.log.events", "{event}", "Events the logs hold."),
    logBytes: level("statestream.log.size", "By", "Bytes the logs hold."),
    logAge: gauge(
      "statestream.log.age",
      "s",
      "Age of the oldest event held: the shortest absence after which a client may need a snapshot. Absent while no log has dropped any.",
    ),
    backplaneStreams: level(
      "statestream.backplane.streams",
      "{stream}",
      "Streams on a backplane, by this node's role.",
    ),
    backplaneLag: gauge("statestream.backplane.lag", "{event}", "Events that the stream furthest behind is behind."),
    backplaneStale: gauge(
      "statestream.backplane.stale.duration",
      "s",
      "For how long clients of the stream that is stale the longest may have had an old state; 0 when none is.",
    ),
    backplaneReads: counter("statestream.backplane.reads", "{read}", "Reads of a stream from the backplane."),
    backplaneRepairs: counter("statestream.backplane.repairs", "{repair}", "Entries given to the backplane again."),
    backplaneResyncs: counter(
      "statestream.backplane.resyncs",
      "{resync}",
      "Copies replaced, by reason; each sends its clients a snapshot.",
    ),
  };
}

function sum(all: readonly ObservedStats[], figure: (stats: ObservedStats) => number): number {
  return all.reduce((total, stats) => total + figure(stats), 0);
}
