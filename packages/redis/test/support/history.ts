import fc from "fast-check";

const NODES = 3;
const CLIENTS = 4;

const node = fc.nat(NODES - 1);
const client = fc.nat(CLIENTS - 1);
const ms = fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 400, max: 4000 }));
const part = fc.constantFrom("meta" as const, "log" as const, "checkpoint" as const);

/** What a writer changes: a slice becomes another value, is patched, or goes; or what is shown changes. */
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant("set" as const), slice: fc.constantFrom("a", "b"), to: fc.nat(9) }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("push" as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("remove" as const), slice: fc.constantFrom("a", "b") }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("hide" as const), hidden: fc.boolean() }) },
);
export type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Chances in percent, of each message and of each call. */
const weather = fc.record({
  do: fc.constant("weather" as const),
  drop: fc.constantFrom(0, 0, 10, 50),
  twice: fc.constantFrom(0, 0, 20),
  hold: fc.constantFrom(0, 0, 30),
  failBefore: fc.constantFrom(0, 0, 20),
  failAfter: fc.constantFrom(0, 0, 20),
  late: fc.constantFrom(0, 0, 20),
});

const action = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant("change" as const), change }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("turns" as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("pass" as const), ms }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("hop" as const), client, node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("flush" as const) }) },
  { weight: 3, arbitrary: weather },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("save" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rollBack" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wipe" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("evict" as const), part }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("split" as const), nodes: fc.subarray([0, 1, 2]) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("unify" as const), survivor: fc.constantFrom(0 as const, 1 as const) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("cut" as const), node, messages: fc.boolean(), noticed: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("mend" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("writer" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("skew" as const), ms: fc.integer({ min: -8000, max: 8000 }) }) },
);
export type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** Long ones, which fast-check would rarely make by itself. */
const LENGTH = { maxLength: 60, size: "max" as const };

/** What happens to some nodes around an engine; with or without the engine losing what it had. */
export interface History {
  readonly actions: readonly Action[];
  /** Of chances. */
  readonly seed: number;
  /** How many of the nodes have a writer from the start. */
  readonly writers: number;
}

export const history: fc.Arbitrary<History> = fc.record({
  actions: fc.oneof(
    fc.array(action, LENGTH),
    // Half of them without the engine losing anything: then more is promised.
    fc.array(
      action.filter((one) => !losesData(one)),
      LENGTH,
    ),
  ),
  seed: fc.nat(),
  writers: fc.integer({ min: 1, max: NODES }),
});

export function losesData(action: Action): boolean {
  return ["rollBack", "wipe", "evict", "split", "unify"].includes(action.do);
}
export { CLIENTS, NODES };
