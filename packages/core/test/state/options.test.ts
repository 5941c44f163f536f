import { describe, expect, test } from "vitest";
import { MAX_TIMER_MS } from "../../src/support/clock.ts";
import { isNames, settingsOf, type StateStreamOptions } from "../../src/state/options.ts";
import type { Json } from "../../src/json/types.ts";
import { errorOf } from "../support/values.ts";

const settings = (options: object) => settingsOf(options, undefined);

test("every default is as documented", () => {
  const { cause: _cause, compare: _compare, ...others } = settings({});
  expect(others).toStrictEqual({
    slices: undefined,
    snapshots: "shared",
    serialize: undefined,
    heartbeatMs: 15_000,
    retryMs: 2000,
    maxLogEvents: 1000,
    maxLogBytes: 8 * 1024 * 1024,
    maxPinnedBytes: 64 * 1024 * 1024,
    maxStallMs: 30_000,
    maxAgeMs: Infinity,
    maxConnections: Infinity,
    onError: undefined,
  });
});

test("options that are given are kept", () => {
  const given: Required<Omit<StateStreamOptions<object>, "differ" | "rowIds">> = {
    slices: () => [],
    snapshots: "copy",
    serialize: () => "1",
    cause: (cause) => cause,
    heartbeatMs: 1,
    retryMs: 0,
    maxLogEvents: 0,
    maxLogBytes: 0,
    maxPinnedBytes: 0,
    maxStallMs: 2,
    maxAgeMs: 3,
    maxConnections: 0,
    onError: () => undefined,
  };
  const { compare: _compare, ...others } = settings(given);
  expect(others).toStrictEqual(given);
});

test("an option that is undefined counts as not given", () => {
  const names = [
    "slices",
    "snapshots",
    "differ",
    "rowIds",
    "serialize",
    "heartbeatMs",
    "retryMs",
    "maxLogEvents",
    "onError",
  ];
  const values = ({ cause: _cause, compare: _compare, ...others }: ReturnType<typeof settings>) => others;
  const given = Object.fromEntries(names.map((name) => [name, undefined]));
  expect(values(settings(given))).toStrictEqual(values(settings({})));
});

describe("how values are compared", () => {
  const rows = (...skus: string[]): Json => skus.map((sku) => ({ sku, id: 1, text: "some text of this row" }));
  const moved = '"patches":[{"op":"move","from":"/2","path":"/0"}]';
  const member = (options: object) => settings(options).compare(rows("a", "b", "c"), rows("c", "a", "b"))?.member;

  test("rowIds says by which members rows are followed", () => {
    expect(member({ rowIds: ["sku"] })).toBe(moved);
    expect(member({})).not.toBe(moved);
  });

  test("a list of rowIds is copied", () => {
    const rowIds = ["sku"];
    const { compare } = settings({ rowIds });
    rowIds.pop();
    expect(compare(rows("a", "b", "c"), rows("c", "a", "b"))?.member).toBe(moved);
  });

  test("a differ is used instead of our own", () => {
    expect(member({ differ: () => [{ op: "remove", path: "/0" }] })).toBe('"patches":[{"op":"remove","path":"/0"}]');
  });
});

describe("the default of cause", () => {
  const { cause } = settings({});

  test.each([
    [
      { type: "t", id: "i", payload: "secret" },
      { type: "t", id: "i" },
    ],
    [
      { type: "t", id: 0 },
      { type: "t", id: 0 },
    ],
    [{ type: "t", payload: "secret", more: "secret" }, { type: "t" }],
  ])("sends type and id of %j, and nothing else", (given, expected) => {
    expect(cause(given, { slice: "s" })).toStrictEqual(expected);
  });
});

describe("snapshots", () => {
  test.each([
    [undefined, undefined, "shared"],
    [undefined, "copy", "copy"],
    ["shared", "copy", "shared"],
    ["copy", "shared", "copy"],
  ] as const)("of the stream %s and of the source %s is %s", (own, ofSource, expected) => {
    expect(settingsOf(own === undefined ? {} : { snapshots: own }, ofSource).snapshots).toBe(expected);
  });
});

test("a heartbeat no timer can wait for becomes the longest that one can", () => {
  expect(settings({ heartbeatMs: Infinity }).heartbeatMs).toBe(MAX_TIMER_MS);
});

test("a list of slices is copied", () => {
  const slices = ["a"];
  const kept = settings({ slices }).slices;
  slices.push("secret");
  expect(kept).toStrictEqual(["a"]);
});

test("rowIds beside a differ of your own is refused: it would have no effect", () => {
  const error = errorOf(() => settings({ rowIds: ["sku"], differ: () => [] }));
  expect(error.code).toBe("invalid-option");
  expect(error.message).toContain("Leave out one of them.");
});

const everyNumber = ["heartbeatMs", "maxStallMs", "maxAgeMs", "retryMs", "maxLogEvents", "maxLogBytes", "maxConnections"]; // prettier-ignore

test.each<[string, unknown, RegExp]>([
  ...everyNumber.flatMap((name): [string, unknown, RegExp][] => [
    [name, -1, /is -1; it must be/],
    [name, Number.NaN, /is NaN; it must be/],
    [name, "10", /is "10"; it must be/],
    [name, null, /is null; it must be/],
  ]),
  ["heartbeatMs", 0, /must be above 0/],
  ["maxStallMs", 0, /must be above 0/],
  ["maxAgeMs", 0, /must be above 0/],
  ["differ", "fast", /must be a function/],
  ["rowIds", "sku", /must be a list of names, such as/],
  ["rowIds", [1], /is a list of something else/],
  ["rowIds", null, /is null; it must be a list of names/],
  ["serialize", {}, /must be a function/],
  ["cause", false, /must be a function/],
  ["onError", null, /must be a function/],
  ["snapshots", "none", /must be "shared" or "copy"/],
  ["slices", "todos", /must be a list of names or a function/],
  ["slices", ["a", 1], /is a list of something else/],
  ["slices", Object.create(null), /must be a list of names/],
])("%s: %o is refused at once, and why", (name, value, why) => {
  const error = errorOf(() => settings({ [name]: value }));
  expect(error.code).toBe("invalid-option");
  expect(error.message).toMatch(why);
  expect(error.message).toContain(`The option ${name} `);
});

test.each([
  [[], true],
  [["a", ""], true],
  [[1], false],
  [["a", undefined], false],
  ["a", false],
  [new Set(["a"]), false],
  [undefined, false],
])("isNames(%j) is %j", (value, expected) => {
  expect(isNames(value)).toBe(expected);
});

test("a reconnection time that no `retry:` line can carry becomes the longest one that can", () => {
  expect(settings({ retryMs: Infinity }).retryMs).toBe(MAX_TIMER_MS / 2);
});
