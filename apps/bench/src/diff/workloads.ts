import type { Json } from "@statestream/core";
import { agentRun, entitiesByKey, gameTicks } from "./lives.ts";
import { records, type Workload, workload } from "./workload.ts";

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
  records(count, (index) => ({
    n: index + more,
    text: `text ${more} of record ${index}`,
    pair: [index + more, index - more],
    inner: { a: more, b: `x${more}` },
  }));

const oneField = (state: Record<string, Json>, step: number): Record<string, Json> => {
  const key = `k${(step * 5000) % 9999}`;
  return { ...state, [key]: { ...(state[key] as object), n: -step } };
};

const numbers = (sign: number): Json =>
  Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [index, index % 20 === 1 ? sign * index : index]));

const nested = (leaf: number): Json => {
  let value: Json = leaf;
  for (let depth = 0; depth < 200; depth++) value = { value, depth };
  return value;
};

const rows = (make: (index: number) => Json): Json[] => Array.from({ length: 5000 }, (_, index) => make(index));
const prose = "lorem ipsum dolor sit amet ".repeat(1850);
const small = {
  user: { name: "x", preferences: { theme: "dark", size: 1 } },
  tasks: Array.from({ length: 20 }, (_, id) => ({ id, title: `task number ${id}, as people write them`, done: false })),
};

/** One row in two hundred changed, three removed, two new; and where rows can be followed, one moved. */
function mixed(list: readonly Json[], make: (index: number) => Json, moves: boolean, step: number): Json[] {
  const edited = list.map((row, index) => (index % 200 === 0 ? { ...(row as object), score: -step } : row));
  edited.splice(4000, 3);
  edited.splice(1000, 0, make(9000 + 2 * step), make(9001 + 2 * step));
  if (moves) edited.splice(10, 0, ...edited.splice(3000, 1));
  return edited;
}

/** The smallest change. Its `set` is measured by itself too. */
export const smallChange: Workload = workload(
  "2 KB state, one leaf",
  {
    first: () => small,
    next: (state, step) => ({ ...state, user: { ...state.user, preferences: { theme: "dark", size: step + 1 } } }),
  },
  { target: { differ: 1.5 } },
);

const keyed = { first: () => byKey(10_000, 0), next: oneField };
const list = () => rows(record);
const more = (step: number): Json => record(9999 + step);

export const workloads: readonly Workload[] = [
  smallChange,
  workload("1 MB by key, one field, shared", keyed, { target: { differ: 1.5, way: 1.6 } }),
  workload("1 MB by key, one field, cloned", { ...keyed, cloned: true }, { target: { differ: 1.5, way: 1.3 } }),
  workload(
    "5,000 rows, append, shared",
    { first: list, next: (state, step) => [...state, more(step)] },
    rowsTarget(10),
  ),
  workload(
    "5,000 rows, prepend, shared",
    { first: list, next: (state, step) => [more(step), ...state] },
    rowsTarget(10),
  ),
  workload(
    "5,000 rows, remove from the middle, shared",
    { first: list, next: (state) => state.toSpliced(2500, 1) },
    rowsTarget(10),
  ),
  workload(
    "5,000 rows, move one, shared",
    { first: list, next: (state) => state.toSpliced(4000, 1).toSpliced(500, 0, state[4000] as Json) },
    rowsTarget(10),
  ),
  workload(
    "5,000 rows, 1 % updated, shared",
    {
      first: list,
      next: (state, step) =>
        state.map((row, index) => (index % 100 === 0 ? { ...(row as object), score: -step } : row)),
    },
    { target: { differ: 1.5, way: 1.3 } },
  ),
  workload(
    "5,000 rows, append, cloned",
    { first: list, next: (state, step) => [...state, more(step)], cloned: true },
    rowsTarget(3),
  ),
  workload(
    "5,000 rows, prepend, cloned",
    { first: list, next: (state, step) => [more(step), ...state], cloned: true },
    rowsTarget(3),
  ),
  workload(
    "5,000 rows, remove from the middle, cloned",
    { first: list, next: (state) => state.toSpliced(2500, 1), cloned: true },
    rowsTarget(3),
  ),
  workload(
    "5,000 rows, mixed edits, cloned, ids",
    { first: list, next: (state, step) => mixed(state, record, true, step), cloned: true },
    { target: { differ: 1.5, way: 1.3 } },
  ),
  workload(
    "5,000 rows, mixed edits, cloned, no ids",
    { first: () => rows(withoutId), next: (state, step) => mixed(state, withoutId, false, step), cloned: true },
    { target: { differ: 1.2, way: 1.2 } },
  ),
  // Ten times, as a text does that grows: what is remembered of it is used by all but the first.
  workload(
    "50 KB text grows by 20 characters",
    { first: () => ({ text: prose }), next: ({ text }) => ({ text: `${text}and twenty characters` }) },
    { changes: 10, target: { differ: 1.2, way: 1 } },
  ),
  workload(
    "every leaf differs",
    { first: () => byKey(500, 1), next: (_, step) => byKey(500, step + 1) },
    { target: { differ: 1.5, way: 1.3 } },
  ),
  workload(
    "10,000 numeric keys, 5 % changed",
    { first: () => numbers(1), next: (_, step) => numbers(step % 2 === 1 ? -step : step) },
    { target: { differ: 1.5, way: 1.4 } },
  ),
  workload("depth 200", { first: () => nested(1), next: (_, step) => nested(step + 1) }, { target: { differ: 1.5 } }),
  {
    name: "agent run: messages grow by pieces, tool calls",
    changes: 40,
    states: () => agentRun(40),
    target: { differ: 1.5, way: 1 },
  },
  { name: "game tick: 200 entities move", changes: 20, states: () => gameTicks(20), target: { differ: 1.5, way: 1 } },
  {
    name: "game tick: 200 entities move, by key",
    changes: 20,
    states: () => gameTicks(20).map(entitiesByKey),
    target: { differ: 1.5, way: 1 },
  },
];

function rowsTarget(target: number): Pick<Workload, "target"> {
  return { target: { differ: target, way: target } };
}
