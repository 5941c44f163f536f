import { describe, expect, test } from "vitest";
import type { Cause, StateUpdateEvent } from "../../src/protocol/events.ts";
import type { StateStreamOptions } from "../../src/state/options.ts";
import { follow, own, type State } from "../support/follow.ts";
import { eventsOf } from "../support/read.ts";

const fail = (): never => {
  throw new Error("no");
};

const visible = (state: State): string[] => state["visible"] as string[];

describe("which slices are looked at", () => {
  test("is every one when none is named, and then what changed is one commit", () => {
    const { change, updates } = follow({ a: 1, b: 1, c: 1 });
    change({ a: 2, c: 2, d: 2 });
    expect(updates()).toStrictEqual([
      { slice: "a", value: 2, more: true },
      { slice: "c", value: 2, more: true },
      { slice: "d", value: 2 },
    ]);
  });

  test("is the one that is named", () => {
    const { change, updates } = follow({ a: 1, b: 1 });
    change({ a: 2, b: 2 }, { slice: "b" });
    expect(updates()).toStrictEqual([{ slice: "b", value: 2 }]);
    change({}, { slice: "constructor" });
    expect(updates()).toStrictEqual([]);
  });

  test("is sent as a whole value when it is named and the same object, and counts as unchanged when it is not named", () => {
    const a = [1];
    const { become, updates } = follow({ a, b: 1 });
    a.push(2);
    become({ a, b: 2 });
    expect(updates()).toStrictEqual([{ slice: "b", value: 2 }]);
    become({ a, b: 2 }, { slice: "a" });
    expect(updates()).toStrictEqual([{ slice: "a", value: [1, 2] }]);
  });

  test("is never one that the list of slices leaves out", () => {
    const { stream, change, updates } = follow({ a: 1, secret: 1 }, { slices: ["a", "later"] });
    change({ secret: 2 });
    change({ secret: 3 }, { slice: "secret" });
    expect(updates()).toStrictEqual([]);
    change({ later: 1, other: 1 });
    expect(updates()).toStrictEqual([{ slice: "later", value: 1 }]);
    expect(stream.state).toStrictEqual({ a: 1, later: 1 });
  });
});

describe("a slices function", () => {
  test("shows a slice as a value and hides it as removed, also when another was named", () => {
    const { stream, change, updates } = follow({ visible: ["a"], a: 1, b: { n: 1 } }, { slices: visible });
    change({ visible: ["a", "b"] }, { slice: "a" });
    expect(updates()).toStrictEqual([{ slice: "b", value: { n: 1 } }]);
    change({ visible: ["b"] }, { slice: "visible" });
    expect(updates()).toStrictEqual([{ slice: "a", removed: true }]);
    expect(stream.state).toStrictEqual({ b: { n: 1 } });
    change({ a: 2, b: { n: 2 } });
    expect(updates()).toMatchObject([{ slice: "b" }]);
  });

  test("forbids the replay of a slice's earlier events when it hides the slice, but not when the slice was deleted", () => {
    const { stream, change } = follow({ visible: ["a", "b"], a: 1, b: 1 }, { slices: visible });
    const before = stream.eventId;
    const reason = () => eventsOf(stream.connect({ lastEventId: before }))[0];
    change({ a: 2 });
    change({ b: undefined });
    expect(reason()).toMatchObject({ type: "heartbeat" });
    change({ visible: ["b"] });
    expect(reason()).toMatchObject({ type: "state.initial", reason: "trimmed", slices: {} });
  });

  test.each<[string, () => string[]]>([
    ["throws", fail],
    ["gives no list", () => undefined as unknown as string[]],
    ["gives a list of others", () => [1] as unknown as string[]],
  ])("that %s withholds the change from everybody, and the next delivers it", (_name, failing) => {
    let slices: (state: State) => string[] = Object.keys;
    const { stream, change, codes, updates } = follow({ a: 1, b: 1, c: 1 }, { slices: (state) => slices(state) });
    slices = failing;
    change({ a: { n: 2 } }, { slice: "a", cause: { type: "withheld" } });
    expect([updates(), codes(), stream.state]).toStrictEqual([[], ["slices-failed"], { a: 1, b: 1, c: 1 }]);
    expect(stream.eventId).toBe("testepoch00.0");
    slices = Object.keys;
    change({ b: 2, c: 2 }, { slice: "b", cause: { type: "next" } });
    expect(updates()).toStrictEqual([
      { slice: "b", value: 2, cause: { type: "next" }, more: true },
      { slice: "a", value: { n: 2 } },
    ]);
    change({ b: 3 }, { slice: "b" });
    expect(updates()).toStrictEqual([{ slice: "b", value: 3 }]);
  });

  test("makes the next change look at every slice after it has thrown", () => {
    let slices: (state: State) => string[] = Object.keys;
    const { change, updates } = follow({ a: 1, b: 1, c: 1 }, { slices: (state) => slices(state) });
    slices = fail;
    change({ a: 2 });
    slices = Object.keys;
    change({ b: 2 }, { slice: "b" });
    expect(updates()).toMatchObject([{ slice: "a", value: 2 }, { slice: "b", value: 2 }]); // prettier-ignore
    change({ b: 3, c: 3 }, { slice: "b" });
    expect(updates()).toStrictEqual([{ slice: "b", value: 3 }]);
  });

  test("shows nothing as long as it has always thrown", () => {
    let slices: (state: State) => string[] = fail;
    const { stream, change, codes, updates } = follow({ a: 1, b: 1 }, { slices: (state) => slices(state) });
    expect([stream.state, codes()]).toStrictEqual([{}, ["slices-failed"]]);
    slices = Object.keys;
    change({ b: 2 }, { slice: "b" });
    expect(updates()).toMatchObject([{ slice: "a", value: 1 }, { slice: "b", value: 2 }]); // prettier-ignore
  });

  test("undoes a change of own state when it throws, for clients and for the caller", () => {
    let slices: (state: State) => string[] = Object.keys;
    const { stream, codes, updates } = own({ a: 1 }, { slices: (state) => slices(state) });
    slices = fail;
    stream.set("a", 2);
    expect([updates(), codes(), stream.state]).toStrictEqual([[], ["slices-failed"], { a: 1 }]);
    slices = Object.keys;
    stream.set("a", (a: unknown) => (a as number) + 10);
    expect(updates()).toStrictEqual([{ slice: "a", value: 11 }]);
  });
});

describe("a slice that fails", () => {
  test("makes the slices function run again, on the state without the failed value", () => {
    const { stream, codes, updates } = own({ visible: ["a", "visible"], a: 1, b: 1 }, { slices: visible });
    stream.batch(() => {
      stream.set("a", 2);
      stream.set("visible", Object.assign(["a", "b", "visible"], { toJSON: fail }));
    });
    expect([updates(), codes()]).toStrictEqual([[{ slice: "a", value: 2 }], ["not-serializable"]]);
    expect(stream.state).toStrictEqual({ visible: ["a", "visible"], a: 2 });
  });

  test("keeps its value, is reported, and does not delay other slices", () => {
    const { stream, change, errors, updates } = follow({ a: 1, b: 1 });
    change({ a: 1n, b: 2 });
    expect(updates()).toStrictEqual([{ slice: "b", value: 2 }]);
    expect(errors).toMatchObject([{ code: "not-serializable", slice: "a" }]);
    expect(stream.state).toStrictEqual({ a: 1, b: 2 });
  });

  test("fails alone where the slice is a getter of the state that throws", () => {
    const { stream, become, errors } = follow({ a: 1, b: 1 });
    become(Object.defineProperty({ b: 2 }, "a", { enumerable: true, get: fail }));
    expect(stream.state).toStrictEqual({ a: 1, b: 2 });
    expect(errors).toMatchObject([{ code: "not-serializable", slice: "a" }]);
  });
});

describe("the cause", () => {
  const cause: Cause = { type: "login", id: 7, payload: { password: "hunter2" } };
  const caused = (options?: StateStreamOptions<State>): [causes: StateUpdateEvent["cause"][], codes: string[]] => {
    const { change, codes, updates } = follow({ a: 1, b: 1 }, options);
    change({ a: 2, b: 2 }, { cause });
    return [updates().map((update) => update.cause), codes()];
  };

  test("is sent with each slice by type and id, never with its payload", () => {
    const sentCause = { type: "login", id: 7 };
    expect(caused()).toStrictEqual([[sentCause, sentCause], []]);
  });

  test("is what the option makes of it, for each slice", () => {
    expect(caused({ cause: (given) => given })).toStrictEqual([[cause, cause], []]);
    const some = caused({ cause: ({ type }, { slice }) => (slice === "a" ? { type } : undefined) });
    expect(some).toStrictEqual([[{ type: "login" }, undefined], []]);
  });

  test.each<[string, StateStreamOptions<State>["cause"]]>([
    ["throws", fail],
    ["gives a BigInt", () => ({ type: "t", payload: 1n })],
    ["gives a cycle", () => { const payload: unknown[] = []; payload.push(payload); return { type: "t", payload }; }], // prettier-ignore
  ])("is left out when the option %s, and the change is sent", (_name, option) => {
    expect(caused(option && { cause: option })).toStrictEqual([
      [undefined, undefined],
      ["cause-failed", "cause-failed"],
    ]);
  });

  test("is that of each call, or of the batch where a call gives none", () => {
    const { stream, updates } = own({ a: 1, b: 1 });
    stream.batch(() => {
      stream.set("a", 2, { type: "inner" });
      stream.set("b", 2);
    }, { type: "outer" }); // prettier-ignore
    expect(updates().map((update) => update.cause)).toStrictEqual([{ type: "inner" }, { type: "outer" }]);
  });
});

describe("changes that callbacks make", () => {
  test("come after the change under way, in one order for everybody", () => {
    const asked: unknown[] = [];
    const { stream, updates } = own(
      { a: 0, b: 0 },
      {
        slices: (state) => {
          asked.push(state["a"]);
          if (state["a"] === 1 && state["b"] === 0) stream.set("b", 1);
          return Object.keys(state);
        },
        cause: (given) => {
          if (given.type === "first") stream.set("a", 2, { type: "second" });
          return given;
        },
      },
    );
    stream.set("a", 1, { type: "first" });
    expect(updates()).toStrictEqual([
      { slice: "a", value: 1, cause: { type: "first" } },
      { slice: "b", value: 1 },
      { slice: "a", value: 2, cause: { type: "second" } },
    ]);
    expect(asked).toStrictEqual([0, 1, 1, 2]);
  });

  test("come after the change under way where a source makes them, too", () => {
    const follower = follow({ a: 0, b: 0 }, { cause: (given) => (given.type === "first" ? (follower.change({ b: 1 }), given) : given) }); // prettier-ignore
    follower.change({ a: 1 }, { slice: "a", cause: { type: "first" } });
    expect(follower.updates()).toStrictEqual([
      { slice: "a", value: 1, cause: { type: "first" } },
      { slice: "b", value: 1 },
    ]);
  });
});
