import type { Fault } from "../check/timeline.ts";
import type { FaultName } from "../schedule.ts";
import type { Prometheus, Series } from "./prometheus.ts";

/** Milliseconds after a fault was healed in which its traces may still arrive: a lease, reconnects, the rules' windows. */
const AFTER_MS = 4000;

/** Faults that nobody is to notice, neither clients nor operators: what they break is made good within milliseconds. */
const UNNOTICED: ReadonlySet<FaultName> = new Set(["script-flush", "haproxy-reload"]);

/** What is to be seen of each fault in the metrics: `alerts` and everything that a dashboard shows beside them. */
export interface Visible {
  readonly fault: FaultName;
  readonly shows: readonly string[];
  readonly alerts: readonly string[];
  readonly expected: boolean;
}

/** Levels that are 0, or for `up` 1, while all is well. */
const LEVELS: Readonly<Record<string, (value: number) => boolean>> = {
  up: (value) => value < 1,
  '{__name__=~"statestream_backplane_stale_duration(_seconds)?"}': (value) => value > 0.5,
  statestream_backplane_lag: (value) => value > 5,
};

/** Counters that stand still while all is well. */
const COUNTERS = [
  'statestream_snapshots_total{statestream_reason!="connect"}',
  'statestream_connections_closed_total{statestream_reason!="disconnected"}',
  "statestream_backplane_repairs_total",
  "statestream_backplane_resyncs_total",
  "statestream_errors_total",
];

/** By fault, over all times that it was made. `offsetMs` leads from the monotonic clock of the facts to the wall clock. */
export async function visibleFaults(
  prometheus: Prometheus,
  faults: readonly Fault[],
  offsetMs: number,
): Promise<Visible[]> {
  const signs: { readonly at: number; readonly what: string; readonly isAlert: boolean }[] = [];
  for (const [expression, isWrong] of Object.entries(LEVELS)) {
    for (const { metric, values } of await prometheus.history(expression))
      for (const [at, value] of values)
        if (isWrong(Number(value))) signs.push({ at: at * 1000, what: nameOf(metric), isAlert: false });
  }
  for (const expression of COUNTERS) {
    for (const series of await prometheus.history(expression))
      for (const at of growths(series)) signs.push({ at, what: nameOf(series.metric), isAlert: false });
  }
  for (const at of await changes(prometheus)) signs.push({ at, what: "another writer leads", isAlert: false });
  for (const { metric, values } of await prometheus.history('ALERTS{alertstate="firing"}')) {
    const { alertname = "", statestream_reason: reason } = metric;
    const what = reason === undefined ? alertname : `${alertname} (${reason})`;
    for (const [at] of values) signs.push({ at: at * 1000, what, isAlert: true });
  }

  const names = [...new Set(faults.map(({ fault }) => fault))].sort();
  return names.map((fault) => {
    const times = faults.filter((made) => made.fault === fault);
    const seen = (alerts: boolean): string[] => {
      const during = signs.filter(
        ({ at, isAlert }) =>
          isAlert === alerts && times.some(({ from, to }) => at >= from + offsetMs && at <= to + offsetMs + AFTER_MS),
      );
      return [...new Set(during.map(({ what }) => what))].sort();
    };
    return { fault, shows: seen(false), alerts: seen(true), expected: !UNNOTICED.has(fault) };
  });
}

export function tableOf(visible: readonly Visible[]): string {
  const rows = visible.map(
    ({ fault, shows, alerts, expected }) =>
      `| ${fault} | ${shows.join(", ") || (expected ? "NOTHING" : "nothing, as it should")} | ${alerts.join(", ")} |\n`,
  );
  return `| fault | in the metrics | alerts |\n|---|---|---|\n${rows.join("")}`;
}

/** When a counter became larger. One that appears in the middle of the run, or becomes smaller, began at 0. */
function* growths({ values }: Series): Generator<number> {
  let before: number | undefined;
  for (const [at, text] of values) {
    const value = Number(text);
    if (before !== undefined && (value > before || (value < before && value > 0))) yield at * 1000;
    before = value;
  }
}

/** When the lead went to another process. */
async function changes(prometheus: Prometheus): Promise<number[]> {
  const leads = await prometheus.history('statestream_backplane_streams{statestream_role="leading"} == 1');
  const samples = leads.flatMap(({ metric, values }) => values.map(([at]) => ({ at, leader: metric["instance"] })));
  samples.sort((a, b) => a.at - b.at);
  return samples.flatMap(({ at, leader }, index) => {
    const previous = samples[index - 1];
    return previous === undefined || previous.leader === leader ? [] : [at * 1000];
  });
}

function nameOf(metric: Series["metric"]): string {
  const { __name__: name = "", statestream_reason: reason } = metric;
  const plain = name.replace(/^statestream_/, "").replace(/_total$/, "");
  return reason === undefined ? plain : `${plain} (${reason})`;
}
