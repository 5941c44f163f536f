import jsonpatch from "fast-json-patch";
import fc from "fast-check";
import specTests from "json-patch-test-suite/spec_tests.json" with { type: "json" };
import tests from "json-patch-test-suite/tests.json" with { type: "json" };
import { describe, expect, test } from "vitest";
import type { Json, Operation } from "../../src/json/types.ts";
import { Growth, MAX_COPIED_BYTES } from "../../src/json/growth.ts";
import { MAX_DEPTH } from "../../src/json/depth.ts";
import { applyOperations } from "../../src/json/operations.ts";
import { namesPrototype } from "../../src/json/pointer.ts";
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

  test("runs as many records as the suite has", () => {
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
  ])("is the whole document for %s, which comes back as it was", (_name, operations) => {
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

describe("a value that is in two places", () => {
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

  test("is a copy of the operation's value once it is edited", () => {
    const value = { list: [] };
    const add = { op: "add", path: "/a", value };
    const edit = { op: "add", path: "/a/list/-", value: 1 };
    expect(apply({}, add, { ...add, path: "/b" }, edit)).toStrictEqual({ a: { list: [1] }, b: { list: [] } });
    expect(value).toStrictEqual({ list: [] });
  });

  test("is edited where a move brought it, and cannot be moved into itself", () => {
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

describe("append", () => {
  test("adds text to the end of a string, and shares everything else", () => {
    const document = { messages: [{ text: "Hel" }, { text: "other" }], meta: {} };
    const result = apply(document, { op: "append", path: "/messages/0/text", value: "lo" }) as typeof document;
    expect(result).toStrictEqual({ messages: [{ text: "Hello" }, { text: "other" }], meta: {} });
    expect(result.messages[1]).toBe(document.messages[1]);
    expect(result.meta).toBe(document.meta);
  });

  test("adds to a slice that is itself a string", () => {
    expect(apply("Hel", { op: "append", path: "", value: "lo" })).toBe("Hello");
  });

  test("gives the same document back where the text is empty", () => {
    const document = { text: "a" };
    expect(apply(document, { op: "append", path: "/text", value: "" })).toBe(document);
  });

  test.each<[string, unknown]>([
    ["a member that is absent", { op: "append", path: "/gone", value: "x" }],
    ["an inherited member", { op: "append", path: "/toString", value: "x" }],
    ["a number", { op: "append", path: "/n", value: "x" }],
    ["an object", { op: "append", path: "", value: "x" }],
    ["a list", { op: "append", path: "/list", value: "x" }],
    ["the end of a list", { op: "append", path: "/list/-", value: "x" }],
    ["a text, of a number", { op: "append", path: "/text", value: 1 }],
    ["a text, of no value", { op: "append", path: "/text" }],
  ])("to %s changes nothing", (_name, operation) => {
    misfit({ text: "a", n: 1, list: ["b"] }, operation);
  });
});

describe("what a patch of the application may make of a document is bounded", () => {
  const bounded = (document: Json, ...operations: unknown[]) =>
    applyOperations(document, operations as Operation[], "s", new Growth());
  const deep = (levels: number): Json => {
    let value: Json = 1;
    for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
    return value;
  };

  test("copies that double the document are refused before they are made", () => {
    const bomb = Array.from({ length: 28 }, (_, index) => ({ op: "copy", from: "", path: `/k${index}` }));
    const started = performance.now();
    const error = errorOf(() => bounded({ a: "x".repeat(100) }, ...bomb));
    expect(error.message).toContain(`its copies add more than ${MAX_COPIED_BYTES} bytes`);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("moves between the copies do not hide the growth", () => {
    const bomb = Array.from({ length: 28 }, (_, index) => [
      { op: "copy", from: "/a", path: "/b" },
      { op: "add", path: "/c", value: {} },
      { op: "move", from: "/a", path: "/c/a" },
      { op: "move", from: "/b", path: "/c/b" },
      { op: "move", from: "/c", path: "/a" },
      { op: "add", path: "/n", value: index },
    ]).flat();
    expect(errorOf(() => bounded({ a: "x".repeat(100) }, ...bomb)).message).toContain("its copies add more than");
  });

  test("a document may be copied as long as the copies are small", () => {
    const copies = Array.from({ length: 100 }, (_, index) => ({ op: "copy", from: "/a", path: `/k${index}` }));
    expect(Object.keys(bounded({ a: ["x".repeat(1000)] }, ...copies) as object)).toHaveLength(101);
  });

  test.each<[string, Json, object]>([
    ["an added value", { in: {} }, { op: "add", path: "/in/x", value: deep(MAX_DEPTH - 1) }],
    ["a replacement", { in: { x: 1 } }, { op: "replace", path: "/in/x", value: deep(MAX_DEPTH - 1) }],
    ["a copy", { a: deep(MAX_DEPTH - 2), in: {} }, { op: "copy", from: "", path: "/in/x" }],
    ["a moved value", { a: deep(MAX_DEPTH - 2), in: { in: {} } }, { op: "move", from: "/a", path: "/in/in/x" }],
  ])("%s may not nest deeper than a slice may", (_name, document, operation) => {
    expect(errorOf(() => bounded(document, operation)).message).toContain(
      `it would nest more than ${MAX_DEPTH} arrays and objects`,
    );
  });

  test("a value that nests as deep as a slice may is accepted", () => {
    expect(bounded({ in: {} }, { op: "add", path: "/in/x", value: deep(MAX_DEPTH - 2) })).toHaveProperty("in.x");
  });
});

test("a document that is nested 100,000 levels deep does not overflow the stack of a client", () => {
  const deep = (): Json => {
    let value: Json = 1;
    for (let level = 0; level < 100_000; level++) value = [value];
    return value;
  };
  const document = { a: deep(), n: 0 };
  const operations = [
    { op: "replace", path: "/a", value: deep() },
    { op: "copy", from: "/a", path: "/b" },
    { op: "add", path: "/a", value: deep() },
    { op: "move", from: "/b", path: "/a" },
    { op: "replace", path: "/n", value: 1 },
  ];
  expect(applyOperations(document, operations as Operation[], "s")).toHaveProperty("n", 1);
  const test = [{ op: "test", path: "/a", value: deep() }] as Operation[];
  expect(errorOf(() => applyOperations(document, test, "s")).code).toBe("invalid-patch");
});
