import type { WritableStateStream } from "@statestream/core";
import type { Random } from "../random.ts";

interface Row {
  readonly id: string;
  readonly text: string;
  readonly n: number;
}

/** Rows, 100 kB each. */
type Table = readonly Row[];

/** 5 MB: a large text, many tables, a text that grows, and a counter that the last change sets. */
export type SoakState = Record<string, unknown>;

export const TABLES = 30;
const ROWS = 500;
const LARGE_CHARS = 2_000_000;
const MAX_LOG_CHARS = 50_000;

/** Changes a second, so many at a time. */
export const CHANGES_PER_SECOND = 200;
export const CHANGES_AT_ONCE = 10;

export const tableName = (n: number): string => `table-${n}`;

export function initialState(): SoakState {
  const tables = Array.from({ length: TABLES }, (_, table) => [
    tableName(table),
    Array.from({ length: ROWS }, (_, n) => ({ id: `${table}-${n}`, text: "x".repeat(170), n })),
  ]);
  return { large: "x".repeat(LARGE_CHARS), ...Object.fromEntries(tables), log: "", end: 0 };
}

/** One random change: mostly of a row, once a minute of the large text, which all clients then have to take. */
export function change(stream: WritableStateStream<SoakState>, random: Random): void {
  const what = random.below(12_000);
  if (what === 0) return stream.set("large", random.below(10) + "x".repeat(LARGE_CHARS - 1));
  if (what < 3000) {
    const { length } = stream.state["log"] as string;
    if (length > MAX_LOG_CHARS) stream.set("log", "");
    else stream.append("log", "", `word ${random.below(1000)} `);
    return;
  }
  const name = tableName(random.below(TABLES));
  const at = random.below(ROWS);
  if (what < 7200) return stream.patch(name, [{ op: "replace", path: `/${at}/n`, value: random.below(1e6) }]);
  stream.set(name, (table: unknown) => edited(table as Table, at, what < 9600, random));
}

function edited(table: Table, at: number, moves: boolean, random: Random): Table {
  const rows = [...table];
  const [row] = rows.splice(at, 1) as [Row];
  if (moves) rows.splice(random.below(ROWS), 0, row);
  else rows.splice(at, 0, { ...row, text: String(random.below(1000)).padEnd(170, "x") });
  return rows;
}
