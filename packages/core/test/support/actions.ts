import fc from "fast-check";
import type { Json, Operation } from "../../src/index.ts";

/** How a value cannot be sent. */
export type Failure = "bigint" | "cycle" | "getter" | "deep";

type Selected = readonly string[] | undefined;

/** What happens to the state. */
export type Change =
  | { readonly do: "set" | "update"; readonly slice: string; readonly value: Json }
  | { readonly do: "fail"; readonly slice: string; readonly how: Failure }
  | { readonly do: "mutate"; readonly slice: string; readonly key: string; readonly value: Json }
  | { readonly do: "patch"; readonly slice: string; readonly operations: readonly Operation[] }
  | { readonly do: "remove"; readonly slice: string }
  | { readonly do: "show"; readonly names: readonly string[]; readonly fails: boolean }
  | { readonly do: "gate"; readonly throws: boolean };

/** What happens to a client, by its number. */
export type ClientAction =
  | { readonly do: "connect"; readonly client: number; readonly slices: Selected; readonly from: From }
  | { readonly do: "cut"; readonly client: number; readonly at: number }
  | { readonly do: "slow"; readonly client: number; readonly chunks: number }
  | { readonly do: "read"; readonly client: number };

/** With which id a client comes: none, its last, one of its older ones, or one that is not of this stream. */
export type From = "none" | "last" | "garbage" | "ahead" | { readonly old: number };

export type Action =
  | Change
  | ClientAction
  | { readonly do: "batch"; readonly changes: readonly Change[]; readonly throws: boolean }
  /** Large values of one slice, each sent: more than a client that does not read may get as frames. */
  | { readonly do: "burst"; readonly slice: string; readonly count: number }
  | { readonly do: "tick" }
  | { readonly do: "pass"; readonly ms: number };

/** The shape of one run. */
export interface Plan {
  readonly maxLogEvents: number;
  readonly maxLogBytes: number;
  readonly copies: boolean;
  readonly gated: boolean;
  readonly handled: boolean;
  readonly actions: readonly Action[];
}

export const CLIENTS = 3;

/** Slices of clients' and servers' making; "gate" is the one that a slices function reads. */
const NAMES = ["a", "b", "list", "__proto__", "caf\u00e9 \u{1f600}\n", "gate"] as const;

const name = fc.constantFrom(...NAMES);
const key = fc.constantFrom("k", "n", "", "a/b", "m~n", "__proto__", "constructor", "0", "1");
const text = fc.oneof(fc.constantFrom("", "\u2028", "\u{1f600}", "\r\n\n"), fc.string({ maxLength: 6 }));
/** Large enough to be dearer than a patch, or a part, or the log. */
const large = fc.constantFrom(300, 700, 3000, 70_000).map((length) => "y".repeat(length));

const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { arbitrary: fc.constant(null), weight: 1 },
    { arbitrary: fc.boolean(), weight: 1 },
    { arbitrary: fc.integer({ min: -9, max: 9 }), weight: 3 },
    { arbitrary: text, weight: 2 },
    { arbitrary: large, weight: 1 },
    { arbitrary: fc.array(tie("json"), { maxLength: 5 }), weight: 5 },
    { arbitrary: fc.array(fc.tuple(key, tie("json")), { maxLength: 5 }).map(Object.fromEntries), weight: 6 },
  ) as fc.Arbitrary<Json>,
}));

const pointer = fc
  .array(fc.oneof(key, fc.constantFrom("k", "0", "-")), { maxLength: 2 })
  .map((keys) => keys.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join(""));

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constantFrom("add", "add", "replace", "test"), path: pointer, value: json }),
  fc.record({ op: fc.constant("remove"), path: pointer }),
  fc.record({ op: fc.constantFrom("move", "copy"), from: pointer, path: pointer }),
);

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("set", "update"), slice: name, value: json }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("fail"),
      slice: name,
      how: fc.constantFrom<Failure>("bigint", "cycle", "getter", "deep"),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("mutate"), slice: name, key, value: json }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("patch"),
      slice: name,
      operations: fc.array(operation, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove"), slice: name }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("show"), names: fc.subarray([...NAMES]), fails: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("gate"), throws: fc.boolean() }) },
);

const selected: fc.Arbitrary<Selected> = fc.oneof(fc.constant(undefined), fc.subarray([...NAMES, "never"]));
const client = fc.nat({ max: CLIENTS - 1 });
const from: fc.Arbitrary<From> = fc.oneof(
  { weight: 4, arbitrary: fc.constant("last") },
  { weight: 3, arbitrary: fc.record({ old: fc.nat({ max: 20 }) }) },
  { weight: 1, arbitrary: fc.constantFrom("none", "garbage", "ahead") },
);

/** A client that comes back mostly asks for what it had, which is when it can resume. */
const connect = fc.record({
  do: fc.constant("connect"),
  client,
  slices: fc.oneof(fc.constantFrom<Selected>(undefined, ["a", "list"], ["b"]), selected),
  from,
});

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: change },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("batch"),
      changes: fc.array(change, { maxLength: 5 }),
      throws: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: connect },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("burst"), slice: name, count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cut"), client, at: fc.nat({ max: 400 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("slow"), client, chunks: fc.nat({ max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("read"), client }) },
  { weight: 6, arbitrary: fc.constant({ do: "tick" }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass"), ms: fc.constantFrom(1, 999, 1000, 5000) }) },
);

export const plan: fc.Arbitrary<Plan> = fc.record({
  maxLogEvents: fc.constantFrom(0, 1, 2, 3, 8, 1000),
  maxLogBytes: fc.constantFrom(0, 300, 2000, 100_000, 8_388_608),
  copies: fc.boolean(),
  gated: fc.boolean(),
  handled: fc.boolean(),
  actions: fc.array(action, { maxLength: 80, size: "max" }),
});
