import { isDeepStrictEqual } from "node:util";
import type { Json, Operation } from "@statestream/core";
import { applyOperations } from "@statestream/core/patch";
import fastJsonPatch from "fast-json-patch";
import { applyPatches, enablePatches, type Patch } from "immer";
import { applyPatch as rfc6902 } from "rfc6902";
import type { Command, RunOptions } from "../command.ts";
import { medians } from "../measure/medians.ts";
import type { Cell, Ratio, Result } from "../report/result.ts";
import { rowOrder } from "./order.ts";

export const apply: Command = {
  name: "apply",
  summary: "a patch of a megabyte applied by a client: ours and others",
  packages: ["fast-json-patch", "immer", "rfc6902"],
  minutes: { full: 0.5, quick: 0.2 },
  checked: true,
  run: async (options) => run(options),
};

interface Row {
  readonly id: number;
  readonly name: string;
  readonly position: { x: number; readonly y: number };
  readonly tags: readonly string[];
  readonly text: string;
}

interface State {
  readonly title: string;
  readonly rows: Row[];
}

const ROWS = 2500;
const MIDDLE = ROWS / 2;

function row(id: number): Row {
  return {
    id,
    name: `Row ${id}`,
    position: { x: id, y: ROWS - id },
    tags: ["a", "b", `t${id % 7}`],
    text: "x".repeat(300),
  };
}

/** One megabyte of JSON. */
function state(): State {
  return { title: "Rows", rows: Array.from({ length: ROWS }, (_, id) => row(id)) };
}

interface Workload {
  readonly name: string;
  readonly operations: readonly Operation[];
  /** What the operations do, by hand. */
  readonly change: (state: State) => void;
  /** Undoes the change by hand, so that appliers that mutate in place can run again. Costs next to nothing. */
  readonly undo: (state: State) => void;
}

const moved = Array.from({ length: ROWS / 100 }, (_, index) => index * 100);
const added = row(ROWS);
const removed = row(MIDDLE);

const workloads: readonly Workload[] = [
  {
    name: "one leaf",
    operations: [{ op: "replace", path: `/rows/${MIDDLE}/position/x`, value: -1 }],
    change: ({ rows }) => void ((rows[MIDDLE] as Row).position.x = -1),
    undo: ({ rows }) => void ((rows[MIDDLE] as Row).position.x = MIDDLE),
  },
  {
    name: "append a row",
    operations: [{ op: "add", path: "/rows/-", value: added }],
    change: ({ rows }) => void rows.push(added),
    undo: ({ rows }) => void rows.pop(),
  },
  {
    name: "remove the middle row",
    operations: [{ op: "remove", path: `/rows/${MIDDLE}` }],
    change: ({ rows }) => void rows.splice(MIDDLE, 1),
    undo: ({ rows }) => void rows.splice(MIDDLE, 0, removed),
  },
  {
    name: "1 % of the rows",
    operations: moved.map((index) => ({ op: "replace", path: `/rows/${index}/position/x`, value: -1 })),
    change: ({ rows }) => moved.forEach((index) => ((rows[index] as Row).position.x = -1)),
    undo: ({ rows }) => moved.forEach((index) => ((rows[index] as Row).position.x = index)),
  },
];

/** Applies operations; what comes back is the new state. */
interface Applier {
  readonly name: string;
  /** Changes the state in place, so that identity does not show what changed. */
  readonly inPlace: boolean;
  readonly applier: (operations: readonly Operation[]) => (state: State) => unknown;
}

type TheirOperation = Parameters<typeof fastJsonPatch.applyPatch>[1][number];

const appliers: readonly Applier[] = [
  {
    name: "ours",
    inPlace: false,
    applier: (operations) => (state) => applyOperations(state as unknown as Json, operations, "rows"),
  },
  {
    name: "fast-json-patch",
    inPlace: false,
    applier: (operations) => (state) =>
      fastJsonPatch.applyPatch(state, operations as TheirOperation[], false, false).newDocument,
  },
  { name: "Immer", inPlace: false, applier: immer },
  {
    name: "fast-json-patch in place",
    inPlace: true,
    applier: (operations) => (state) =>
      fastJsonPatch.applyPatch(state, operations as TheirOperation[], false, true).newDocument,
  },
  {
    name: "rfc6902 in place",
    inPlace: true,
    applier: (operations) => (state) => {
      rfc6902(state, operations as Parameters<typeof rfc6902>[1]);
      return state;
    },
  },
];

/** Immer has paths as lists; making them is not what is measured. */
function immer(operations: readonly Operation[]): (state: State) => unknown {
  enablePatches();
  const patches = operations.map((operation): Patch => {
    const { op, path } = operation as { op: "add" | "remove" | "replace"; path: string };
    const keys = path.split("/").slice(1);
    const typed = keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    return "value" in operation ? { op, path: typed, value: operation.value } : { op, path: typed };
  });
  return (state) => applyPatches(state, patches);
}

/** What a client pays for a patch of a megabyte: ours against others, each checked before it is measured. */
function run({ quick, progress }: RunOptions): Result {
  const rows: Record<string, Cell>[] = [];
  const ratios: Ratio[] = [];
  for (const workload of workloads) {
    progress(workload.name);
    const times = measure(workload, quick ? 800 : 4000);
    const ours = times.get("ours");
    if (ours === undefined) throw new Error(`Our result is wrong: ${workload.name}`);
    rows.push({
      patch: workload.name,
      ...Object.fromEntries(appliers.map(({ name }) => [`${name} us`, times.get(name) ?? "wrong"])),
    });
    const theirs = times.get("fast-json-patch");
    if (theirs !== undefined) {
      ratios.push({ name: `${workload.name}: fast-json-patch / ours`, value: theirs / ours, better: "higher" });
    }
  }
  const order = rowOrder(quick ? 300 : 2000, progress);
  return {
    title: "Apply: a patch of one megabyte, 2,500 rows",
    tables: [
      {
        title: "Microseconds per patch",
        note: "Ours, fast-json-patch and Immer leave the state before as it was, as a store needs; those in place change it.",
        rows,
      },
      order.table,
    ],
    ratios: [...ratios, ...order.ratios],
    charts: [],
  };
}

/** Medians by name, of those whose results are right. */
function measure(workload: Workload, ms: number): Map<string, number> {
  const right = appliers.filter((applier) => isRight(applier, workload));
  const times = medians(
    right.map(({ applier, inPlace }) => {
      const apply = applier(workload.operations);
      const own = state();
      return () => {
        apply(own);
        if (inPlace) workload.undo(own);
      };
    }),
    ms,
  );
  return new Map(right.map(({ name }, index) => [name, times[index] as number]));
}

/** Checks the result, and that the original state is untouched or changed as declared; twice, since it runs many times. */
function isRight({ applier, inPlace }: Applier, { operations, change, undo }: Workload): boolean {
  const expected = state();
  change(expected);
  const own = state();
  const run = applier(operations);
  return [1, 2].every(() => {
    const after = run(own);
    if (!isDeepStrictEqual(after, expected)) return false;
    if (inPlace) undo(own);
    return isDeepStrictEqual(own, state());
  });
}
