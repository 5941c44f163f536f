import type { Json } from "@statestream/core";
import { agentRun, gameTicks } from "./lives.ts";

/** A state and those it becomes, change by change. */
export interface Workload {
  readonly name: string;
  readonly states: readonly Json[];
}

const record = (index: number): Record<string, Json> => ({
  id: index,
  name: `record ${index}`,
  email: `user${index}@example.com`,
  tags: ["a", "b", `c${index % 7}`],
  score: index * 1.5,
  active: index % 2 === 0,
});

const withoutId = (index: number): Json => {
  const { id: _id, name: _name, ...rest } = record(index);
  return { label: `row ${index}`, ...rest };
};

const byKey = (count: number, more: number): Record<string, Json> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `k${index}`,
      {
        n: index + more,
        text: `text ${more} of record ${index}`,
        pair: [index + more, index - more],
        inner: { a: more, b: `x${more}` },
      },
    ]),
  );

const numbers = (sign: number): Json =>
  Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [index, index % 20 === 1 ? sign * index : index]));

const nested = (leaf: number): Json => {
  let value: Json = leaf;
  for (let depth = 0; depth < 200; depth++) value = { value, depth };
  return value;
};

const clone = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json;

const rows = Array.from({ length: 5000 }, (_, index): Json => record(index));
const rowsWithoutIds = Array.from({ length: 5000 }, (_, index) => withoutId(index));
const prose = "lorem ipsum dolor sit amet ".repeat(1850);
const state = {
  user: { name: "x", preferences: { theme: "dark", size: 1 } },
  tasks: Array.from({ length: 20 }, (_, id) => ({ id, title: `task number ${id}, as people write them`, done: false })),
};
const keyed = byKey(10_000, 0);

/** One row in two hundred changed, three removed, two new; and where rows can be followed, one moved. */
function mixed(list: readonly Json[], make: (index: number) => Json, moves: boolean): Json[] {
  const edited = list.map((row, index) => (index % 200 === 0 ? { ...(row as object), score: -1 } : row));
  edited.splice(4000, 3);
  edited.splice(1000, 0, make(9001), make(9002));
  if (moves) edited.splice(10, 0, ...edited.splice(3000, 1));
  return edited;
}

const moved = rows.slice();
moved.splice(500, 0, ...moved.splice(4000, 1));

export const workloads: readonly Workload[] = [
  {
    name: "2 KB state, one leaf",
    states: [state, { ...state, user: { ...state.user, preferences: { theme: "dark", size: 2 } } }],
  },
  {
    name: "1 MB by key, one field, shared",
    states: [keyed, { ...keyed, k5000: { ...(keyed["k5000"] as object), n: -1 } }],
  },
  {
    name: "1 MB by key, one field, cloned",
    states: [keyed, clone({ ...keyed, k5000: { ...(keyed["k5000"] as object), n: -1 } })],
  },
  { name: "5,000 rows, append, shared", states: [rows, [...rows, record(9999)]] },
  { name: "5,000 rows, prepend, shared", states: [rows, [record(9999), ...rows]] },
  {
    name: "5,000 rows, remove from the middle, shared",
    states: [rows, rows.filter((_, index) => index !== 2500)],
  },
  { name: "5,000 rows, move one, shared", states: [rows, moved] },
  {
    name: "5,000 rows, 1 % updated, shared",
    states: [rows, rows.map((row, index) => (index % 100 === 0 ? { ...(row as object), score: -1 } : row))],
  },
  { name: "5,000 rows, append, cloned", states: [rows, clone([...rows, record(9999)])] },
  { name: "5,000 rows, prepend, cloned", states: [rows, clone([record(9999), ...rows])] },
  {
    name: "5,000 rows, remove from the middle, cloned",
    states: [rows, clone(rows.filter((_, index) => index !== 2500))],
  },
  { name: "5,000 rows, mixed edits, cloned, ids", states: [rows, clone(mixed(rows, record, true))] },
  {
    name: "5,000 rows, mixed edits, cloned, no ids",
    states: [rowsWithoutIds, clone(mixed(rowsWithoutIds, withoutId, false))],
  },
  {
    name: "50 KB text grows by 20 characters",
    // Ten times, as a text does that grows: what is remembered of it is used by all but the first.
    states: Array.from({ length: 11 }, (_, times) => ({ text: prose + "and twenty characters".repeat(times) })),
  },
  { name: "every leaf differs", states: [byKey(500, 1), byKey(500, 2)] },
  { name: "10,000 numeric keys, 5 % changed", states: [numbers(1), numbers(-1)] },
  { name: "depth 200", states: [nested(1), nested(2)] },
  { name: "agent run: messages grow by pieces, tool calls", states: agentRun(40) },
  { name: "game tick: 200 entities move", states: gameTicks(20) },
];
