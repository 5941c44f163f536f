import jsonpatch from "fast-json-patch";
import fc from "fast-check";
import specTests from "json-patch-test-suite/spec_tests.json" with { type: "json" };
import tests from "json-patch-test-suite/tests.json" with { type: "json" };
import { describe, expect, test } from "vitest";
import type { Json, Operation } from "../../src/json/types.ts";
import { applyOperations, namesPrototype } from "../../src/json/operations.ts";
import { canonical, errorOf, json, parsed } from "../support/values.ts";
import { PROPERTY_TIMEOUT_MS } from "../support/property.ts";

interface Record {
  readonly comment?: string;
  readonly doc: Json;
  readonly patch: readonly Operation[];
  readonly expected?: Json;
  readonly error?: string;
  readonly disabled?: boolean;
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** Applies to a frozen document, so that any write to it throws. */
function apply(document: Json, ...operations: unknown[]): Json {
  return applyOperations(frozen(document), frozen(operations) as Operation[], "s");
}

function misfit(document: Json, ...operations: unknown[]): string {
  const before = parsed(document);
  const error = errorOf(() => apply(document, ...operations));
  expect(error).toMatchObject({ code: "invalid-patch", slice: "s" });
  expect(document).toStrictEqual(before);
  return error.message;
}

describe("json-patch-test-suite", () => {
  const records = ([...tests, ...specTests] as unknown as Record[]).filter(({ disabled }) => disabled !== true);

  test("has the records it is known for", () => {
    expect(records).toHaveLength(91);
  });

  test.each(records.map((record) => [record.comment ?? JSON.stringify(record.patch), record] as const))(
    "%s",
    (_comment, { doc, patch, expected, error }) => {
      if (error !== undefined) misfit(doc, ...patch);
      else if (expected !== undefined) expect(apply(doc, ...patch)).toStrictEqual(expected);
      else expect(apply(doc, ...patch)).toBe(doc);
    },
  );
});

describe("what an operation does not reach", () => {
  const document = { a: { deep: { x: 1 }, side: {} }, b: [{ n: 1 }, { n: 2 }], c: {} };

  test("keeps its identity", () => {
    const result = apply(document, { op: "replace", path: "/a/deep/x", value: 2 }) as typeof document;
    expect(result).toStrictEqual({ ...document, a: { ...document.a, deep: { x: 2 } } });
    expect(result.a.side).toBe(document.a.side);
    expect(result.b).toBe(document.b);
    expect(result.c).toBe(document.c);
  });

  test("keeps its identity in an array whose items move up", () => {
    const result = apply(document, { op: "remove", path: "/b/0" }) as typeof document;
    expect(result.b).toHaveLength(1);
    expect(result.b[0]).toBe(document.b[1]);
    expect(result.a).toBe(document.a);
  });

  test.each<[string, Operation[]]>([
    ["an empty patch", []],
    ["a test", [{ op: "test", path: "/c", value: {} }]],
    ["a replacement by an equal value", [{ op: "replace", path: "/b/1", value: { n: 2 } }]],
    ["an equal member added", [{ op: "add", path: "/a/side", value: {} }]],
    ["an equal whole", [{ op: "replace", path: "", value: parsed(document) }]],
    ["a move onto itself", [{ op: "move", from: "/a", path: "/a" }]],
    ["a copy of what is there already", [{ op: "copy", from: "/c", path: "/a/side" }]],
  ])("is everything for %s: the same document comes back", (_name, operations) => {
    expect(apply(document, ...operations)).toBe(document);
  });
});

describe("all operations or none", () => {
  test("names the operation that does not fit", () => {
    const message = misfit({ n: 0 }, { op: "replace", path: "/n", value: 1 }, { op: "remove", path: "/gone" });
    expect(message).toContain('Operation 1 ({"op":"remove","path":"/gone"}) does not fit slice "s"');
    expect(message).toContain("None was applied");
  });

  test.each<[string, unknown]>([
    ["no object", null],
    ["an array", []],
    ["no op", { path: "/a", value: 1 }],
    ["an op of a prototype", { op: "toString", path: "/a", value: 1 }],
    ["add without a value", { op: "add", path: "/x" }],
    ["replace without a value", { op: "replace", path: "/a" }],
    ["an inherited value", Object.create({ value: 1 }, { op: { value: "add" }, path: { value: "/x" } })],
    ["test without a value", { op: "test", path: "/a" }],
    ["add without a path", { op: "add", value: 1 }],
    ["remove without a path", { op: "remove" }],
    ["copy without a path", { op: "copy", from: "/a" }],
    ["copy without from", { op: "copy", path: "/x" }],
    ["move without a path", { op: "move", from: "/a" }],
    ["move without from", { op: "move", path: "/x" }],
    ["a path that is a number", { op: "add", path: 0, value: 1 }],
    ["a path without its slash", { op: "add", path: "x", value: 1 }],
    ["a tilde that escapes nothing", { op: "add", path: "/~2", value: 1 }],
    ["a trailing tilde", { op: "add", path: "/x~", value: 1 }],
    ["removal of the whole", { op: "remove", path: "" }],
    ["a move into itself", { op: "move", from: "/o", path: "/o/p" }],
    ["a move of the whole", { op: "move", from: "", path: "/x" }],
    ["a parent that is a string", { op: "add", path: "/a/x", value: 1 }],
    ["a string's own index", { op: "replace", path: "/a/0", value: "x" }],
    ["a test of a string's index", { op: "test", path: "/a/0", value: "t" }],
    ["a copy of a string's length", { op: "copy", from: "/a/length", path: "/o" }],
    ["a parent that is absent", { op: "add", path: "/x/y", value: 1 }],
    ["removal of what is absent", { op: "remove", path: "/x" }],
    ["replacement of what is absent", { op: "replace", path: "/x", value: 1 }],
    ["a failing test", { op: "test", path: "/list", value: [3, 2, 1] }],
    ...[
      "-1",
      "+1",
      "01",
      "1.0",
      "1e0",
      " 1",
      "1 ",
      "",
      "length",
      "4",
      "9007199254740993",
      "99999999999",
      "0x1",
      "١",
    ].map((index): [string, unknown] => [`add at index "${index}"`, { op: "add", path: `/list/${index}`, value: 0 }]),
    ["add beyond the end's -", { op: "add", path: "/list/-/x", value: 0 }],
    ["replacement of -", { op: "replace", path: "/list/-", value: 0 }],
    ["removal of -", { op: "remove", path: "/list/-" }],
    ["replacement at the length", { op: "replace", path: "/list/3", value: 0 }],
  ])("%s changes nothing", (_name, operation) => {
    misfit({ a: "text", o: {}, list: [1, 2, 3] }, { op: "add", path: "/z", value: 0 }, operation);
    misfit({ a: "text", o: {}, list: [1, 2, 3] }, operation);
  });
});

describe("own members only", () => {
  const builtins: object[] = [Object, Array, Function, Number, String].flatMap((type) => [type, type.prototype]);
  builtins.push(Object.getOwnPropertyDescriptor(Object.prototype, "toString")?.value as object);
  const snapshot = (): unknown[] => builtins.map((object) => Object.entries(Object.getOwnPropertyDescriptors(object)));

  test.each<[string, unknown]>([
    ["write through __proto__", { op: "add", path: "/__proto__/polluted", value: 1 }],
    ["replace through __proto__", { op: "replace", path: "/__proto__/toString", value: 1 }],
    ["write through constructor/prototype", { op: "add", path: "/constructor/prototype/polluted", value: 1 }],
    ["replace Object.assign", { op: "add", path: "/constructor/assign", value: 1 }],
    ["delete Object.entries", { op: "remove", path: "/constructor/entries" }],
    ["pollute a builtin", { op: "add", path: "/toString/polluted", value: 1 }],
    ["remove an inherited member", { op: "remove", path: "/toString" }],
    ["replace an inherited member", { op: "replace", path: "/toString", value: 1 }],
    ["test an inherited member", { op: "test", path: "/toString", value: null }],
    ["copy an inherited member", { op: "copy", from: "/constructor", path: "/mine" }],
    ["move a prototype", { op: "move", from: "/__proto__", path: "/mine" }],
    ["set an array's length", { op: "add", path: "/arr/length", value: 4294967295 }],
    ["replace an array's length", { op: "replace", path: "/arr/length", value: 0 }],
    ["grow an array", { op: "add", path: "/arr/99999999", value: 1 }],
    ["shadow an array's method", { op: "add", path: "/arr/push", value: 1 }],
    ["write to an array's prototype", { op: "add", path: "/arr/__proto__/polluted", value: 1 }],
    ["write to a number's prototype", { op: "add", path: "/n/__proto__/polluted", value: 1 }],
  ])("does not %s", (_name, operation) => {
    const before = snapshot();
    misfit({ arr: [1], n: 1 }, operation);
    expect(snapshot()).toStrictEqual(before);
    expect({}).not.toHaveProperty("polluted");
  });

  test.each(["__proto__", "constructor", "prototype", "toString"])("takes %s as the name of a member", (name) => {
    const before = snapshot();
    const path = `/${name}`;
    const added = apply({}, { op: "add", path, value: { polluted: 1 } });
    expect(JSON.stringify(added)).toBe(`{"${name}":{"polluted":1}}`);
    const edited = apply(added, { op: "add", path: `${path}/more`, value: 2 }, { op: "copy", from: path, path: "/c" });
    expect(JSON.stringify(edited)).toBe(`{"${name}":{"polluted":1,"more":2},"c":{"polluted":1,"more":2}}`);
    expect(JSON.stringify(apply(edited, { op: "remove", path }))).toBe('{"c":{"polluted":1,"more":2}}');
    expect(snapshot()).toStrictEqual(before);
  });
});

describe("a value that stands in two places", () => {
  test("is edited in one after a copy, whichever is edited", () => {
    const copy = { op: "copy", from: "/a", path: "/b" };
    const edit = (path: string) => ({ op: "add", path, value: 1 });
    const document = { a: { deep: { list: [0] } } };
    const a = document.a;
    const edited = { deep: { list: [0, 1] } };
    expect(apply(document, copy, edit("/b/deep/list/-"))).toStrictEqual({ a, b: edited });
    expect(apply(document, copy, edit("/a/deep/list/-"))).toStrictEqual({ a: edited, b: a });
    // The container is the draft's own before it is copied.
    expect(apply(document, edit("/a/deep/list/-"), copy, edit("/b/deep/list/-"))).toStrictEqual({
      a: edited,
      b: { deep: { list: [0, 1, 1] } },
    });
    expect(apply(document, { ...copy, path: "/a/deep/self" }, edit("/a/deep/self/x"))).toStrictEqual({
      a: { deep: { list: [0], self: { deep: { list: [0] }, x: 1 } } },
    });
  });

  test("is not the operation's value any more once it is edited", () => {
    const value = { list: [] };
    const add = { op: "add", path: "/a", value };
    const edit = { op: "add", path: "/a/list/-", value: 1 };
    expect(apply({}, add, { ...add, path: "/b" }, edit)).toStrictEqual({ a: { list: [1] }, b: { list: [] } });
    expect(value).toStrictEqual({ list: [] });
  });

  test("is edited where a move brought it, which is never into itself", () => {
    misfit({ list: [{}, {}] }, { op: "move", from: "/list/0", path: "/list/0/x" });
    expect(apply({ a: 1, ab: {} }, { op: "move", from: "/a", path: "/ab" })).toStrictEqual({ ab: 1 });
    const operations = [
      { op: "add", path: "/a/x", value: 1 },
      { op: "move", from: "/a", path: "/list/0" },
      { op: "add", path: "/list/0/y", value: 2 },
    ];
    expect(apply({ a: {}, list: [{}] }, ...operations)).toStrictEqual({ list: [{ x: 1, y: 2 }, {}] });
  });
});

test.each([
  ["/a/__proto__/b", true],
  ["/__proto__", true],
  ["/constructor/prototype", true],
  ["/a/constructor/prototype/b", true],
  ["/constructor", false],
  ["/prototype", false],
  ["/constructor/x/prototype", false],
  ["/constructor/prototypes", false],
  ["/my__proto__/x", false],
  ["/myconstructor/prototype", false],
])("namesPrototype of %s is %j, as path and as from", (pointer, names) => {
  expect(namesPrototype([{ op: "remove", path: "/a" }, { op: "remove", path: pointer }])).toBe(names); // prettier-ignore
  expect(namesPrototype([{ op: "move", from: pointer, path: "/a" }])).toBe(names);
});

test("agrees with fast-json-patch on what its compare makes", { timeout: PROPERTY_TIMEOUT_MS }, () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const [from, to] = [{ value: before }, { value: after }];
      const operations = jsonpatch.compare(from, to) as Operation[];
      const result = apply(from, ...operations);
      expect(canonical(result)).toBe(canonical(to));
      if (namesPrototype(operations)) return;
      const theirs = jsonpatch.applyPatch(parsed(from), operations as jsonpatch.Operation[]).newDocument;
      expect(canonical(result)).toBe(canonical(theirs));
    }),
    { numRuns: 1000 },
  );
});
