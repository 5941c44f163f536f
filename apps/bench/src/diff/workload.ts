import type { Json } from "@statestream/core";

/** A state and those it becomes, change by change. */
export interface Workload {
  readonly name: string;
  /** So many changes are walked through again and again, where the states are kept. */
  readonly changes: number;
  /** More states than that. Each pass makes them anew: other objects, with nothing known of them. */
  states(): Iterable<Json>;
  /** Whether its members are slices of the stream. Default: it is one slice. */
  readonly sliced?: boolean;
  /** How many times as long fast-json-patch is meant to take: than the differ, and than `set` and `read`. */
  readonly target?: { readonly differ?: number; readonly way?: number };
}

interface Life<State> {
  readonly first: () => State;
  readonly next: (state: State, step: number) => State;
  /** Whether a state shares nothing with the one before. */
  readonly cloned?: boolean;
}

/** A workload in which each state is made of the one before. */
export function workload<State>(
  name: string,
  { first, next, cloned = false }: Life<State>,
  rest: Partial<Omit<Workload, "name" | "states">> = {},
): Workload {
  const states = function* (): Generator<Json> {
    let state = first();
    for (let step = 1; ; step++) {
      yield state as Json;
      state = next(state, step);
      if (cloned) state = JSON.parse(JSON.stringify(state)) as State;
    }
  };
  return { name, changes: 1, states, ...rest };
}

/** So many values by key. */
export function records<Value>(count: number, make: (index: number) => Value): Record<string, Value> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, make(index)]));
}

/** The first so many, or all where there are fewer. */
export function take<Item>(items: Iterable<Item> | Iterator<Item>, count: number): Item[] {
  const each = Symbol.iterator in items ? items[Symbol.iterator]() : items;
  const taken: Item[] = [];
  while (taken.length < count) {
    const next = each.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}
