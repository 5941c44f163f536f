import { medians } from "../measure/medians.ts";
import type { LineChart, Table } from "../report/result.ts";
import { Board } from "../servers/board.ts";
import { ours, peers, type ToBytes } from "./differs.ts";

const KILOBYTES = [1, 10, 100, 1000, 10_000];

const encoder = new TextEncoder();

/** What a change of one record costs as the state grows. */
export function diffCurve(progress: (text: string) => void): { tables: Table[]; charts: LineChart[] } {
  const fastJsonPatch = (peers[0] as (typeof peers)[0])[1];
  const lines = [
    "ours, shared",
    "ours, cloned",
    "fast-json-patch, shared",
    "fast-json-patch, cloned",
    "no diff: the whole state",
  ];
  const rows = KILOBYTES.map((kilobytes) => {
    progress(`state of ${kilobytes} KB`);
    const times = medians(candidates(fastJsonPatch, kilobytes), 4000);
    return { kilobytes, times };
  });
  return {
    tables: [
      {
        title: "As the state grows",
        note: "One record's note changes. Microseconds per change, diff and encoding. Shared: the states share what did not change; cloned: nothing.",
        rows: rows.map(({ kilobytes, times }) => ({
          "state KB": kilobytes,
          ...Object.fromEntries(lines.map((line, index) => [line, times[index] as number])),
        })),
      },
    ],
    charts: [
      {
        kind: "lines",
        name: "curve",
        title: "Diff and encode one change",
        x: "state, KB",
        y: "microseconds",
        series: lines.map((name, index) => ({
          name,
          points: rows.map(({ kilobytes, times }) => [kilobytes, times[index] as number] as const),
        })),
      },
    ],
  };
}

function candidates(theirs: ToBytes, kilobytes: number): (() => unknown)[] {
  const board = new Board(kilobytes);
  const before = board.state;
  const shared = board.next().state;
  const cloned = JSON.parse(JSON.stringify(shared)) as typeof shared;
  return [
    () => ours(before, shared),
    () => ours(before, cloned),
    () => theirs(before, shared),
    () => theirs(before, cloned),
    () => encoder.encode(JSON.stringify(shared)),
  ];
}
