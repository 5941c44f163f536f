import { records, type Workload, workload } from "./workload.ts";

// States that were thought up to be slower than fast-json-patch. Each has more than 10 KB.

const atLeastEqual = { target: { way: 1 } };

type Shape = { kind: string; [member: string]: unknown };

const shape = (index: number, step: number): Shape =>
  (index + step) % 2 === 0
    ? { kind: "circle", radius: index, at: { x: step, y: index } }
    : { kind: "path", points: [index, step, index + step], label: `path ${index}`, closed: true };

const matrix = (): number[][] =>
  Array.from({ length: 200 }, (_, row) => Array.from({ length: 200 }, (_, column) => row * column));

const cells = (state: number[][], step: number): number[][] =>
  state.map((row, index) => (index % 4 === 0 ? row.with((index * step) % 200, -step) : row));

const paragraph = "It was the best of times, it was the worst of times, it was the age of wisdom. ";
const text = (index: number): string => `${index} ${paragraph.repeat(64)}`;

const withUndefined = (index: number) => ({ id: index, name: `record ${index}`, note: undefined as unknown, score: 1 });
const withDate = (index: number) => ({ id: index, name: `record ${index}`, at: new Date(index * 1e9), score: 1 });

/** One record has another score. */
function rescored<Value extends { score: number }>(state: Record<string, Value>, step: number): Record<string, Value> {
  const key = `k${(step * 2500) % 4999}`;
  return { ...state, [key]: { ...(state[key] as Value), score: step + 1 } };
}

const toggled = [records(1000, (index) => ({ on: true, index })), records(1000, (index) => ({ on: index % 2 === 0, index }))]; // prettier-ignore

interface Chain {
  readonly note: string;
  readonly next: Chain | number;
}

const chain = (leaf: number): Chain => {
  let value: Chain = { note: "the deepest", next: leaf };
  for (let depth = 0; depth < 400; depth++) value = { note: `a note of some length at level ${depth}`, next: value };
  return value;
};

export const inventions: readonly Workload[] = [
  workload(
    "1 MB by key, one Date among 10,000 records, shared",
    {
      first: () =>
        records(10_000, (index) => ({
          n: index,
          text: `text of record ${index}, of some length`,
          at: index === 7000 ? new Date(0) : index,
          inner: { a: 0, b: "x" },
        })),
      next: (state, step) => {
        const key = `k${(step * 5000) % 6999}`;
        return { ...state, [key]: { ...(state[key] as (typeof state)[string]), n: -step } };
      },
    },
    { target: { way: 1.3 } },
  ),
  workload(
    "2,000 members, half of which go and come back",
    {
      first: () => records(2000, (index) => `value ${index}`),
      next: (_, step) =>
        Object.fromEntries(
          Object.entries(records(2000, (index) => `value ${index}`)).filter((_, at) => step % 2 === 0 || at % 2 === 0),
        ),
    },
    atLeastEqual,
  ),
  workload(
    "500 records of alternating shapes",
    {
      first: () => records(500, (index) => shape(index, 0)),
      next: (_, step) => records(500, (index) => shape(index, step)),
    },
    atLeastEqual,
  ),
  workload("200 lists of 200 numbers, 50 cells, shared", { first: matrix, next: cells }, atLeastEqual),
  workload("200 lists of 200 numbers, 50 cells, cloned", { first: matrix, next: cells, cloned: true }, atLeastEqual),
  workload(
    "10,000 numbers in a list, 5 % changed",
    {
      first: () => Array.from({ length: 10_000 }, (_, index) => index),
      next: (state, step) => state.map((value, index) => (index % 20 === 1 ? -step * index : value)),
    },
    atLeastEqual,
  ),
  workload(
    "20 texts of 5 KB, two edited in the middle, cloned",
    {
      first: () => Array.from({ length: 20 }, (_, index) => ({ id: index, text: text(index) })),
      next: (state, step) =>
        state.map((row) =>
          row.id === step % 20 || row.id === (step + 7) % 20
            ? { ...row, text: `${row.text.slice(0, 2500)}edit ${step}${row.text.slice(2500)}` }
            : row,
        ),
      cloned: true,
    },
    atLeastEqual,
  ),
  workload(
    "2,000 records by scattered integers, 1 % changed, cloned",
    {
      first: () =>
        Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [at * 7919, { name: `item ${at}`, count: 0 }])),
      next: (state, step) =>
        Object.fromEntries(
          Object.entries(state).map(([key, item], at) => [key, at % 100 === 0 ? { ...item, count: step } : item]),
        ),
      cloned: true,
    },
    atLeastEqual,
  ),
  workload(
    "100,000 slices, one changes",
    {
      first: () => records(100_000, (index) => ({ id: index, name: `slice ${index}`, count: 0 })),
      next: (state, step) => {
        const key = `k${(step * 50_000) % 99_999}`;
        return { ...state, [key]: { ...(state[key] as (typeof state)[string]), count: step } };
      },
    },
    { sliced: true, ...atLeastEqual },
  ),
  workload(
    "a slice that toggles between two states",
    { first: () => toggled[0], next: (_, step) => toggled[step % 2] },
    { changes: 2, ...atLeastEqual },
  ),
  workload(
    "a dictionary of 20,000 counts, entries come and go",
    {
      first: () => Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`word${index * 37}`, index])),
      next: (state, step) => {
        const { [`word${step * 37}`]: _gone, ...rest } = state;
        const changed = Array.from({ length: 10 }, (_, index) => [`word${(index + 100 * step) * 37}`, -step]);
        return { ...rest, ...Object.fromEntries(changed), [`new${step}`]: step };
      },
    },
    atLeastEqual,
  ),
  workload(
    "400 levels, the deepest leaf, all new",
    { first: () => chain(0), next: (_, step) => chain(step) },
    atLeastEqual,
  ),
  workload(
    "5,000 records with undefined members, one changes, shared",
    { first: () => records(5000, withUndefined), next: rescored },
    atLeastEqual,
  ),
  workload(
    "5,000 records with a Date each, one changes, shared",
    { first: () => records(5000, withDate), next: rescored },
    atLeastEqual,
  ),
];
