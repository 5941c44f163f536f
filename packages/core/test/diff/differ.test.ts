import jsonpatch from "fast-json-patch";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { compareWith, type Difference, type Differ, REMOVED, valueDifference } from "../../src/diff/differ.ts";
import { fastJsonPatch } from "../../src/diff/fast-json-patch.ts";
import type { StateUpdateEvent } from "../../src/protocol/events.ts";
import type { Json, Operation } from "../../src/json/types.ts";
import { toJson } from "../../src/json/json.ts";
import { applyOperations } from "../../src/json/operations.ts";
import { awkward } from "../support/awkward.ts";
import { canonical, json, parsed, untouchable } from "../support/values.ts";
import { PROPERTY_TIMEOUT_MS } from "../support/property.ts";

type Content = Pick<StateUpdateEvent, "patches" | "value" | "removed">;

function contentOf(difference: Difference | undefined): Content | undefined {
  return difference && (JSON.parse(`{${difference.member}}`) as Content);
}

const bytes = (text: string): number => new TextEncoder().encode(text).length;

/** Applies a difference as a client does; both appliers must agree. */
function follow(before: Json, difference: Difference | undefined): Json {
  const { patches, value } = contentOf(difference) ?? { patches: [] };
  if (patches === undefined) return value as Json;
  const ours = applyOperations(before, patches, "s");
  const theirs = jsonpatch.applyPatch(parsed(before), parsed(patches) as unknown as jsonpatch.Operation[]).newDocument;
  expect(canonical(theirs)).toBe(canonical(ours));
  return ours;
}

describe("apply(diff(a, b), parse(stringify(a))) equals parse(stringify(b))", () => {
  test("for any two JSON values, hostile names included, by two appliers", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(canonical(follow(a, compareWith(fastJsonPatch)(a, b)))).toBe(canonical(b));
      }),
      { numRuns: 2000 },
    );
  });

  test("for objects that share most of what they have", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    const members = fc.array(fc.tuple(fc.constantFrom("a", "b", "__proto__", "constructor", "x/y", "~"), json));
    fc.assert(
      fc.property(members, members, members, (both, one, other) => {
        const a = Object.fromEntries([...both, ...one]) as Json;
        const b = Object.fromEntries([...both, ...other]) as Json;
        expect(canonical(follow(a, compareWith(fastJsonPatch)(a, b)))).toBe(canonical(b));
      }),
      { numRuns: 1000 },
    );
  });

  test("for every pair of awkward values", () => {
    // The differ sees members that are not enumerable, where the other value has one of that name.
    const values = awkward.filter(([name]) => name !== "a member that is not enumerable");
    for (const [, a] of values) {
      for (const [, b] of values) {
        const [from, to] = [toJson(a, "s") as Json, toJson(b, "s") as Json];
        const wrapped = [parsed({ of: a }), compareWith(fastJsonPatch)({ of: from }, { of: to })] as const;
        expect(canonical(follow(parsed(a), compareWith(fastJsonPatch)(from, to)))).toBe(canonical(parsed(b)));
        expect(canonical(follow(...wrapped))).toBe(canonical(parsed({ of: b })));
      }
    }
  });
});

describe("a replacement", () => {
  const never: Differ = () => {
    throw new Error("nobody asked for this");
  };

  test.each<[string, Json, Json]>([
    ["a number", 5, 6],
    ["a string", "abc", "abd"],
    ["a boolean", true, false],
    ["null to an object", null, {}],
    ["an object to null", { a: 1 }, null],
    ["an object to an array", { 0: 1, 1: 2 }, [1, 2]],
    ["an empty object to an empty array", {}, []],
    ["an array to an object", [], { a: 1 }],
    ["a primitive to an array", 1, [1]],
    ["an array to a primitive", [1], 1],
  ])("is sent as a value without calling the differ: %s", (_name, before, after) => {
    expect(contentOf(compareWith(never)(before, after))).toStrictEqual({ value: after });
  });

  test.each<[string, Json]>([
    ["an object", { a: 1 }],
    ["an array", [1]],
    ["a string", "a"],
    ["null", null],
  ])("is nothing for %s that is the same, without asking the differ", (_name, value) => {
    expect(compareWith(never)(value, value)).toBeUndefined();
  });

  test("is nothing where only the order of members differs", () => {
    expect(compareWith(fastJsonPatch)({ a: 1, b: [{}] }, { b: [{}], a: 1 })).toBeUndefined();
  });

  test.each<[string, readonly Operation[] | undefined]>([
    ["the differ gives up", undefined],
    ["an operation names __proto__", [{ op: "add", path: "/a/__proto__/b", value: 1 }]],
    ["an operation's from names __proto__", [{ op: "move", from: "/__proto__", path: "/a" }]],
    ["an operation names constructor/prototype", [{ op: "remove", path: "/constructor/prototype/x" }]],
    ["an operation is of the whole", [{ op: "replace", path: "", value: { b: 1 } }]],
  ])("is sent as a value where %s", (_name, operations) => {
    expect(contentOf(compareWith(() => operations)({}, { b: 1 }))).toStrictEqual({ value: { b: 1 } });
  });

  test("is not needed for a constructor, or a prototype, alone", () => {
    const operations: Operation[] = [{ op: "add", path: "/constructor/x", value: 1 }, { op: "remove", path: "/prototype" }]; // prettier-ignore
    expect(contentOf(compareWith(() => operations)({}, { b: 1 }))).toStrictEqual({ patches: operations });
  });
});

describe("the byte rule", () => {
  /** A patch of so many bytes, made of this character. */
  function patchOf(size: number, character: string): Operation[] {
    const patch = (value: string): Operation[] => [{ op: "add", path: "/a", value }];
    const room = size - bytes(JSON.stringify(patch("")));
    const count = Math.floor(room / bytes(character));
    const operations = patch(character.repeat(count) + "x".repeat(room - count * bytes(character)));
    expect(bytes(JSON.stringify(operations))).toBe(size);
    return operations;
  }

  /** An object whose JSON has so many bytes. */
  function valueOf(size: number, character = "x"): Json {
    const count = Math.floor((size - 8) / bytes(character));
    return { b: character.repeat(count) + "x".repeat(size - 8 - count * bytes(character)) };
  }

  const kind = (operations: Operation[], after: Json) =>
    compareWith(() => operations)(Array.isArray(after) ? [] : {}, after)?.kind;

  test.each(["x", "é", "€", "😀"])("lets a patch of %s have 512 bytes whatever the value costs", (character) => {
    expect([511, 512, 513].map((size) => kind(patchOf(size, character), {}))).toStrictEqual([
      "patches",
      "patches",
      "value",
    ]);
  });

  test.each([
    ["x", "x"],
    ["é", "x"],
    ["x", "é"],
    ["€", "😀"],
  ])("lets a patch of %s cost what the value of %s costs, and no byte more", (inPatch, inValue) => {
    for (const size of [513, 600, 5000]) {
      const operations = patchOf(size, inPatch);
      expect([size - 1, size, size + 1].map((other) => kind(operations, valueOf(other, inValue)))).toStrictEqual([
        "value",
        "patches",
        "patches",
      ]);
    }
  });

  test("does not look at the value for a small patch", () => {
    const after = untouchable() as unknown as Json;
    expect(kind(patchOf(512, "é"), after)).toBe("patches");
    expect(() => kind(patchOf(513, "é"), after)).toThrow("somebody looked");
  });

  test("looks at no more of the value than the patch costs, and never makes its text", () => {
    const after = ["x".repeat(600), untouchable()] as Json;
    const stringify = vi.spyOn(JSON, "stringify");
    try {
      expect(kind(patchOf(600, "x"), after)).toBe("patches");
      expect(stringify.mock.calls.length).toBeGreaterThan(0);
      expect(stringify.mock.calls.some(([value]) => value === after)).toBe(false);
    } finally {
      stringify.mockRestore();
    }
  });
});

test("a difference has the member of the event, as JSON", () => {
  expect(REMOVED).toStrictEqual({ kind: "removed", member: '"removed":true' });
  expect(valueDifference({ a: [null] })).toStrictEqual({ kind: "value", member: '"value":{"a":[null]}' });
  expect(compareWith(fastJsonPatch)([1], [1, 2])).toStrictEqual({
    kind: "patches",
    member: '"patches":[{"op":"add","path":"/1","value":2}]',
    additive: true,
  });
});

test("fastJsonPatch leaves its arguments alone and shares nothing with them", () => {
  const before: Json = { list: [1, 2, 3], gone: {} };
  const after: Json = { list: [3], come: { deep: [1] } };
  const operations = fastJsonPatch(before, after);
  expect([before, after]).toStrictEqual([{ list: [1, 2, 3], gone: {} }, { list: [3], come: { deep: [1] } }]); // prettier-ignore
  const added = operations?.find(({ op }) => op === "add") as { value: Json };
  expect(added.value).toStrictEqual({ deep: [1] });
  expect(added.value).not.toBe((after as { come: Json }).come);
});
