import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, Operation } from "../../src/json/types.ts";
import { fastJsonPatch } from "../../src/diff/fast-json-patch.ts";
import { applyOperations } from "../../src/json/operations.ts";
import { structuralCompare } from "../../src/diff/structural-differ.ts";
import { operationsOf, structural, structuralOperations } from "../support/compare.ts";
import { applyFitting } from "../support/apply.ts";
import { PROPERTY_TIMEOUT_MS } from "../support/property.ts";

const row = (id: number, more: object = {}): Json => ({ id, title: `task number ${id}`, done: false, ...more });
const rows = (...ids: number[]): Json[] => ids.map((id) => row(id));

function operations(before: Json, after: Json): Operation[] {
  const found = structuralOperations(before, after) as Operation[];
  expect(found).toBeDefined();
  expect(applyOperations(JSON.parse(JSON.stringify(before)) as Json, found, "s")).toEqual(after);
  return found;
}

describe("objects", () => {
  it("writes one operation for each member added, removed or replaced", () => {
    expect(operations({ a: 1, b: { c: 2 }, d: 3 }, { a: 1, b: { c: 4 }, e: 5 })).toEqual([
      { op: "replace", path: "/b/c", value: 4 },
      { op: "add", path: "/e", value: 5 },
      { op: "remove", path: "/d" },
    ]);
  });

  it("escapes names, and takes those of prototypes for names", () => {
    const before = JSON.parse('{"a/b":1,"~":1,"":1,"constructor":1}') as Json;
    const after = JSON.parse('{"a/b":2,"~":2,"":2,"constructor":2,"toString":2}') as Json;
    expect(operations(before, after).map(({ path }) => path)).toEqual([
      "/a~1b",
      "/~0",
      "/",
      "/constructor",
      "/toString",
    ]);
    expect(operations(JSON.parse('{"toString":1}') as Json, {})).toEqual([{ op: "remove", path: "/toString" }]);
  });

  it.each(['{"__proto__":1}', '{"a":{"__proto__":{}}}'])("sends the value where an operation would name %s", (text) => {
    const [without, having] = [{ a: {} }, JSON.parse(text) as Json];
    expect(structural(without, having)?.kind).toBe("value");
    expect(structural(having, without)?.kind).toBe("value");
  });

  it("replaces where the kind of a member changes", () => {
    expect(operations({ a: [1], b: {}, c: null }, { a: { 0: 1 }, b: [], c: {} })).toHaveLength(3);
  });

  it("finds a removal also when it remembers how many members there were", () => {
    const many = (count: number): Record<string, Json> =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));
    const first = many(100);
    const second = { ...first, extra: 1 };
    const third = many(99);
    operations(first, second);
    expect(operations(second, third)).toEqual([
      { op: "remove", path: "/k99" },
      { op: "remove", path: "/extra" },
    ]);
  });

  it("does not walk what both share", () => {
    const shared = new Proxy({}, { ownKeys: () => expect.unreachable("walked") });
    const before = { shared: shared as Json, list: [shared as Json, 1], n: 1 };
    const after = { shared: shared as Json, list: [shared as Json, 2], n: 2 };
    expect(structuralOperations(before, after)).toHaveLength(2);
  });
});

describe("rows with ids", () => {
  const list = rows(1, 2, 3, 4, 5, 6);

  it.each<[string, Json[], object[]]>([
    ["an append", [...list, row(7)], [{ op: "add", path: "/6", value: row(7) }]],
    ["a prepend", [row(7), ...list], [{ op: "add", path: "/0", value: row(7) }]],
    ["a removal", rows(1, 2, 4, 5, 6), [{ op: "remove", path: "/2" }]],
    ["a move back", rows(2, 3, 4, 5, 1, 6), [{ op: "move", from: "/0", path: "/4" }]],
    ["a move to the front", rows(5, 1, 2, 3, 4, 6), [{ op: "move", from: "/4", path: "/0" }]],
    ["a change of one", list.with(3, row(4, { done: true })), [{ op: "replace", path: "/3/done", value: true }]],
    [
      "a move with a change",
      [...rows(2, 3, 4), row(1, { done: true }), ...rows(5, 6)],
      [
        { op: "move", from: "/0", path: "/3" },
        { op: "replace", path: "/3/done", value: true },
      ],
    ],
    [
      "a removal, a new one and a move",
      rows(6, 1, 2, 9, 4, 5),
      [
        { op: "remove", path: "/2" },
        { op: "move", from: "/4", path: "/0" },
        { op: "add", path: "/3", value: row(9) },
      ],
    ],
  ])("writes %s, also when nothing is shared", (_, after, expected) => {
    expect(operations(list, after)).toEqual(expected);
    expect(operations(list, JSON.parse(JSON.stringify(after)) as Json)).toEqual(expected);
  });

  it.each(["id", "_id", "key", "uuid", "name"])("follows rows by %s", (member) => {
    const named = (...ids: string[]): Json => ids.map((id) => ({ [member]: id, text: "some text of this row" }));
    expect(operations(named("a", "b", "c"), named("c", "a", "b"))).toEqual([{ op: "move", from: "/2", path: "/0" }]);
  });

  it("does not follow ids that are not unique, and is right all the same", () => {
    operations([row(1), row(1, { done: true }), row(2)], [row(2), row(1, { done: true }), row(1)]);
    operations([row(1), row(2), { title: "without" }], [row(2), { title: "without" }, row(1)]);
  });
});

describe("rows without ids", () => {
  const texts = ["a", "b", "c", "d", "e"].map((text) => `${text} row of some length`);

  it("removes and adds as few as possible", () => {
    const [a, b, c, d, e] = texts as [string, string, string, string, string];
    expect(operations(texts, [a, "new", b, d, e])).toEqual([
      { op: "remove", path: "/2" },
      { op: "add", path: "/1", value: "new" },
    ]);
    expect(operations(texts, [a, "new", c, d, e])).toEqual([{ op: "replace", path: "/1", value: "new" }]);
  });

  it("writes what changed inside a row that keeps its place", () => {
    const list = texts.map((text) => ({ text, count: 0 }));
    const after = [{ text: "first", count: 0 }, ...list.with(2, { ...list[2], count: 1 } as never)];
    expect(operations(list, after)).toEqual([
      { op: "replace", path: "/2/count", value: 1 },
      { op: "add", path: "/0", value: { text: "first", count: 0 } },
    ]);
  });

  it("takes arrays for different beyond its bound, instead of taking the square of their length", () => {
    let compared = 0;
    const counting = (value: string): Json =>
      new Proxy({ value }, { ownKeys: (target) => (compared++, Reflect.ownKeys(target)) });
    const many = (prefix: string): Json[] => Array.from({ length: 3000 }, (_, index) => counting(prefix + index));
    structural(many("a"), many("b"));
    // Twice a row for its own comparison, the edits' squared, and the final one by place.
    expect(compared).toBeLessThan(2 * (8 * 6000 + 256 * 256 + 3 * 6000));
  });
});

it("gives up as soon as its patch costs more than the value", () => {
  const numbers = (from: number): Json => Array.from({ length: 1000 }, (_, index) => from + index * 2);
  expect(structural(numbers(0), numbers(1))?.kind).toBe("value");
});

describe("arbitrary values", () => {
  const key = fc.constantFrom("a", "b", "id", "key", "", "a/b", "~", "__proto__", "constructor", "toString");
  const { value } = fc.letrec<{ value: Json; rows: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom<Json>(null, true, 0, 1, "", "text"),
      fc.array(tie("value"), { maxLength: 6 }),
      tie("rows"),
      fc
        .array(fc.tuple(key, tie("value")), { maxLength: 5 })
        .map(
          (members) =>
            JSON.parse(
              `{${members.map(([name, member]) => `${JSON.stringify(name)}:${JSON.stringify(member)}`).join(",")}}`,
            ) as Json,
        ),
    ),
    rows: fc
      .array(fc.record({ id: fc.integer({ min: 0, max: 8 }), n: fc.integer({ min: 0, max: 2 }) }), { maxLength: 9 })
      .map((list) => list as Json),
  }));
  const container = value.filter((given) => typeof given === "object" && given !== null);

  it(
    "two appliers follow what it finds to the value after, and neither value is touched",
    { timeout: PROPERTY_TIMEOUT_MS },
    () => {
      fc.assert(
        fc.property(container, container, (before, after) => {
          fc.pre(Array.isArray(before) === Array.isArray(after));
          const texts = [JSON.stringify(before), JSON.stringify(after)];
          const found = structuralOperations(before, after);
          expect([JSON.stringify(before), JSON.stringify(after)]).toEqual(texts);
          if (found === undefined) return;
          expect(applyOperations(JSON.parse(texts[0] as string) as Json, found, "s")).toEqual(after);
          expect(applyFitting(before, found)).toEqual(after);
        }),
        { numRuns: 3000 },
      );
    },
  );

  it("nothing changed where fast-json-patch finds nothing, and only there", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(container, container, (before, after) => {
        fc.pre(Array.isArray(before) === Array.isArray(after));
        expect(structural(before, after) === undefined).toBe(fastJsonPatch(before, after)?.length === 0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("row ids", () => {
  const named = (...skus: string[]): Json => skus.map((sku) => ({ sku, id: 1, text: "some text of this row" }));
  const followedBy = (...rowIds: string[]) => {
    const compare = structuralCompare({ rowIds });
    return (before: Json, after: Json) => operationsOf(compare(before, after));
  };

  it("are the members that are given", () => {
    const moved = [{ op: "move", from: "/2", path: "/0" }];
    const [before, after] = [named("a", "b", "c"), named("c", "a", "b")];
    expect(followedBy("sku")(before, after)).toEqual(moved);
    expect(structuralOperations(before, after)).not.toEqual(moved);
  });

  it("are those of the first member that identifies the rows, though a later one is in place", () => {
    const named = (...ids: number[]): Json => ids.map((id) => ({ id, name: "cpu", text: `the text of row ${id}` }));
    const moved = [{ op: "move", from: "/2", path: "/0" }];
    expect(followedBy("id", "name")(named(1, 2, 3), named(3, 1, 2))).toEqual(moved);
    expect(structuralOperations(named(1, 2, 3), named(3, 1, 2))).toEqual(moved);
  });

  it("may be none, and then no row is moved", () => {
    expect(followedBy()(rows(1, 2, 3), rows(3, 1, 2))?.map(({ op }) => op)).not.toContain("move");
  });
});

it("reads nothing that a program gave every object", () => {
  Object.defineProperty(Object.prototype, "given", { value: 5, enumerable: true, configurable: true, writable: true });
  try {
    expect(structural({ a: {} }, { a: { given: 5 } })).toMatchObject({ member: '"value":{"a":{"given":5}}' });
    expect(structural({ a: { given: 5 } }, { a: {} })).toMatchObject({ member: '"value":{"a":{}}' });
  } finally {
    delete (Object.prototype as { given?: unknown }).given;
  }
});

describe("a list in another order", () => {
  const list = rows(...Array.from({ length: 2000 }, (_, id) => id));

  it("is sent as the value where applying its moves would take longer than that", () => {
    expect(structural(list, list.toReversed())).toEqual({
      kind: "value",
      member: `"value":${JSON.stringify(list.toReversed())}`,
    });
    const every = (keep: boolean): Json[] => list.filter((_, index) => keep || index % 2 === 0);
    expect(structural(every(true), every(false))?.kind).toBe("value");
    expect(structural(every(false), every(true))?.kind).toBe("value");
  });

  it("is sent as moves where these are few, or the rest of the slice is large", () => {
    const few = list.toSpliced(100, 20).toSpliced(1000, 0, ...list.slice(100, 120));
    expect(operations(list, few)).toHaveLength(20);
    const rest = "x".repeat(2_000_000);
    expect(operations({ list, rest }, { list: list.toReversed(), rest })).toHaveLength(1999);
  });
});
