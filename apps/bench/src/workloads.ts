import type { Json } from "@statestream/core";

/** A state before and after one change. */
export interface Workload {
  readonly name: string;
  readonly before: Json;
  readonly after: Json;
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
    before: state,
    after: { ...state, user: { ...state.user, preferences: { theme: "dark", size: 2 } } },
  },
  {
    name: "1 MB by key, one field, shared",
    before: keyed,
    after: { ...keyed, k5000: { ...(keyed["k5000"] as object), n: -1 } },
  },
  {
    name: "1 MB by key, one field, cloned",
    before: keyed,
    after: clone({ ...keyed, k5000: { ...(keyed["k5000"] as object), n: -1 } }),
  },
  { name: "5,000 rows, append, shared", before: rows, after: [...rows, record(9999)] },
  { name: "5,000 rows, prepend, shared", before: rows, after: [record(9999), ...rows] },
  {
    name: "5,000 rows, remove from the middle, shared",
    before: rows,
    after: rows.filter((_, index) => index !== 2500),
  },
  { name: "5,000 rows, move one, shared", before: rows, after: moved },
  {
    name: "5,000 rows, 1 % updated, shared",
    before: rows,
    after: rows.map((row, index) => (index % 100 === 0 ? { ...(row as object), score: -1 } : row)),
  },
  { name: "5,000 rows, append, cloned", before: rows, after: clone([...rows, record(9999)]) },
  { name: "5,000 rows, prepend, cloned", before: rows, after: clone([record(9999), ...rows]) },
  {
    name: "5,000 rows, remove from the middle, cloned",
    before: rows,
    after: clone(rows.filter((_, index) => index !== 2500)),
  },
  { name: "5,000 rows, mixed edits, cloned, ids", before: rows, after: clone(mixed(rows, record, true)) },
  {
    name: "5,000 rows, mixed edits, cloned, no ids",
    before: rowsWithoutIds,
    after: clone(mixed(rowsWithoutIds, withoutId, false)),
  },
  {
    name: "50 KB text grows by 20 characters",
    before: { text: prose },
    after: { text: `${prose}and twenty characters` },
  },
  { name: "every leaf differs", before: byKey(500, 1), after: byKey(500, 2) },
  { name: "10,000 numeric keys, 5 % changed", before: numbers(1), after: numbers(-1) },
  { name: "depth 200", before: nested(1), after: nested(2) },
];
