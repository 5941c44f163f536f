import type { Json } from "@statestream/core";
import type { Command, RunOptions } from "../command.ts";
import { medians } from "../measure/medians.ts";
import type { BarChart, Ratio, Result } from "../report/result.ts";
import { diffCurve } from "./curve.ts";
import { ours, peers as everybody, prime, type ToBytes, type Walk, walkAndCheck } from "./differs.ts";
import { wayTable } from "./way-table.ts";
import { take, type Workload } from "./workload.ts";
import { workloads } from "./workloads.ts";

/** Workloads that take longer are walked through once, by themselves: some take seconds. */
const SLOW_MS = 200;

export const diff: Command = {
  name: "diff",
  summary: "from set to a patch's bytes, and the comparison alone: ours and others",
  packages: ["fast-json-patch", "rfc6902", "jsondiffpatch", "just-diff"],
  minutes: { full: 9, quick: 3 },
  checked: true,
  run,
};

interface Row {
  readonly name: string;
  readonly target: Pick<Ratio, "target">;
  readonly us: number;
  readonly bytes: number;
  /** By peer: how much longer it takes and how much it sends; or what is wrong. */
  readonly others: readonly { readonly times: number | string; readonly bytes: number | "" }[];
}

async function run({ quick, progress }: RunOptions): Promise<Result> {
  const way = await wayTable(quick ? 700 : 3000, progress);
  // The others take most of the time, and no ratio is kept of them.
  const peers = quick ? everybody.slice(0, 1) : everybody;
  const rows = workloads.map((workload) => {
    progress(workload.name);
    return rowOf(workload, peers, quick ? 600 : 3000);
  });
  const curve = quick ? undefined : diffCurve(progress);
  const ratios = rows.flatMap(({ name, target, others }): Ratio[] => {
    const times = others[0]?.times;
    if (typeof times !== "number") return [];
    return [{ name: `${name}: fast-json-patch / ours`, value: times, better: "higher", ...target }];
  });
  return {
    title: "Diff: from set to the bytes of a patch",
    tables: [
      way.table,
      {
        title: "The comparison alone, and how many times longer others take",
        note: `Microseconds per change, patch text and encoding included. \`wrong\`: the patch, applied, does not give the state. \`fails\`: it throws. Calls over ${SLOW_MS} ms are walked through once.`,
        rows: rows.map(({ name, us, others }) => ({
          workload: name,
          "ours us": us,
          ...Object.fromEntries(peers.map(([peer], index) => [`${peer} x`, others[index]?.times ?? ""])),
        })),
      },
      {
        title: "Bytes per change",
        rows: rows.map(({ name, bytes, others }) => ({
          workload: name,
          ours: bytes,
          ...Object.fromEntries(peers.map(([peer], index) => [peer, others[index]?.bytes ?? ""])),
        })),
      },
      ...(curve?.tables ?? []),
    ],
    ratios: [...way.ratios, ...ratios],
    charts: [ratioBars(rows), ...(curve?.charts ?? [])],
  };
}

function rowOf(workload: Workload, peers: typeof everybody, ms: number): Row {
  const { name, changes, target } = workload;
  const states = take(workload.states(), changes + 1);
  const first = walkAndCheck(ours, states);
  if (first.problem !== undefined) throw new Error(`Our patch is ${first.problem}: ${name}`);
  const walks = peers.map(([, toBytes]) => walkAndCheck(toBytes, states));
  prime(states);
  const steady = peers.filter((_, index) => walks[index]?.problem === undefined && (walks[index] as Walk).ms < SLOW_MS);
  const overflown = new Set<ToBytes>();
  const candidates = [ours, ...steady.map(([, toBytes]) => toBytes)].map((toBytes) => () => {
    try {
      walk(toBytes, states);
    } catch (error) {
      // How deep the stack goes depends on what has been compiled: it may overflow where it did not the first time.
      if (!(error instanceof RangeError) || toBytes === ours) throw error;
      overflown.add(toBytes);
    }
  });
  const [us, ...times] = medians(candidates, ms) as [number, ...number[]];
  return {
    name,
    target: target?.differ === undefined ? {} : { target: target.differ },
    us: us / changes,
    bytes: first.bytes / changes,
    others: walks.map((walked, index) => {
      const peer = peers[index] as (typeof peers)[0];
      if (walked.problem !== undefined) return { times: walked.problem, bytes: "" };
      if (overflown.has(peer[1])) return { times: "fails", bytes: "" };
      const place = steady.indexOf(peer);
      const taken = place < 0 ? walked.ms * 1000 : (times[place] as number);
      return { times: taken / us, bytes: walked.bytes / changes };
    }),
  };
}

/** Every change, one after the other. */
function walk(toBytes: ToBytes, states: readonly Json[]): void {
  for (let at = 1; at < states.length; at++) toBytes(states[at - 1] as Json, states[at] as Json);
}

function ratioBars(rows: readonly Row[]): BarChart {
  return {
    kind: "bars",
    name: "ratio",
    title: "How many times longer fast-json-patch takes",
    unit: "times ours (log scale)",
    bars: rows
      .flatMap(({ name, others: [first] }) =>
        typeof first?.times === "number" ? [{ name, value: first.times, ours: first.times >= 1 }] : [],
      )
      .toSorted((a, b) => b.value - a.value),
  };
}
