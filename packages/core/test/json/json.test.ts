import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Json } from "../../src/json/types.ts";
import { jsonEqual } from "../../src/json/equal.ts";
import { copyJson, isRecord, ownMember, setOwn, toJson } from "../../src/json/json.ts";
import { jsonFrom } from "../../src/diff/structural-differ.ts";
import { type Held, Overlay } from "../../src/json/held.ts";
import { isAtLeast } from "../../src/json/size.ts";
import { awkward } from "../support/awkward.ts";
import { container, errorOf, json, parsed, untouchable } from "../support/values.ts";
import { PROPERTY_TIMEOUT_MS } from "../support/property.ts";

/** JSON and nothing else: text alone would not show an undefined member, or a getter's second answer. */
function isJson(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object" || value === null) return ["string", "boolean", "object"].includes(typeof value);
  if (Array.isArray(value)) return Array.from(value).every(isJson);
  return [Object.prototype, null].includes(Object.getPrototypeOf(value) as null) && Object.values(value).every(isJson);
}

describe.each([
  ["toJson", toJson],
  ["copyJson", copyJson],
])("%s", (_name, convert) => {
  test.each(awkward)("is JSON.parse(JSON.stringify()) of %s", (_name, value) => {
    const result = convert(value, "s");
    expect(isJson(result)).toBe(true);
    expect(JSON.stringify(result)).toBe(JSON.stringify(value));
  });

  test.each([undefined, () => 1, Symbol("s")])("leaves out %s", (value) => {
    expect(convert(value, "s")).toBeUndefined();
  });

  test("is JSON.parse(JSON.stringify()) of anything fast-check makes", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    const anything = fc.anything({ withBoxedValues: true, withDate: true, withNullPrototype: true, withMap: true, withSet: true, withSparseArray: true, withTypedArray: true }); // prettier-ignore
    fc.assert(
      fc.property(fc.oneof(anything, json), (value) => {
        const result = convert(value, "s");
        expect(JSON.stringify(result)).toBe(JSON.stringify(value));
        expect(result === undefined || isJson(result)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("toJSON is called on its object with the member's name, the index as a string, or the slice", () => {
    const seen: unknown[] = [];
    class Witness {
      toJSON(key: unknown): unknown {
        seen.push([this instanceof Witness, key]);
        return 0;
      }
    }
    convert({ a: new Witness(), list: [0, new Witness()] }, "s");
    convert(new Witness(), "s");
    expect(seen).toStrictEqual([
      [true, "a"],
      [true, "1"],
      [true, "s"],
    ]);
  });

  test("toJSON may give the object itself", () => {
    const value = { a: undefined, b: 1, toJSON() { return this; } }; // prettier-ignore
    expect(convert({ value }, "s")).toStrictEqual({ value: { b: 1 } });
  });

  test("BigInt is what its toJSON says, where a program gave it one", () => {
    const prototype = BigInt.prototype as { toJSON?: () => string };
    prototype.toJSON = function (this: bigint) {
      return `${this}n`;
    };
    try {
      expect(convert({ a: 1n, list: [2n] }, "s")).toStrictEqual({ a: "1n", list: ["2n"] });
    } finally {
      delete prototype.toJSON;
    }
    expect(errorOf(() => convert({ a: 1n }, "s")).code).toBe("not-serializable");
  });

  test("a RangeError of the application's is not taken for depth", () => {
    const invalid = { toJSON: () => new Date(Number.NaN).toISOString() };
    expect(errorOf(() => convert({ invalid }, "s")).message).toContain("Invalid time value");
  });

  test("a value may nest 512 arrays and objects, and no more", () => {
    const nested = (levels: number): unknown => {
      let value: unknown = 1;
      for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { value };
      return value;
    };
    expect(JSON.stringify(convert(nested(512), "s"))).toBe(JSON.stringify(nested(512)));
    expect(errorOf(() => convert(nested(513), "s")).code).toBe("not-serializable");
  });

  test("boxed primitives of another realm are the primitives they box", () => {
    const boxed = runInNewContext("[Object(1), Object('s'), Object(false), Object(NaN)]") as unknown;
    expect(JSON.stringify(convert({ boxed }, "s"))).toBe('{"boxed":[1,"s",false,null]}');
    const big = runInNewContext("Object(1n)") as unknown;
    expect(errorOf(() => convert({ big }, "s")).code).toBe("not-serializable");
  });

  test("an object that only calls itself a Number is an object", () => {
    const named = { [Symbol.toStringTag]: "Number", a: 1 };
    expect(convert(Object.setPrototypeOf(named, { inherited: 2 }), "s")).toStrictEqual({ a: 1 });
  });

  test("what JSON.rawJSON made, where a runtime has that, is the value of its text", () => {
    const { rawJSON } = JSON as { rawJSON?: (text: string) => unknown };
    const values =
      rawJSON === undefined ? [] : ["1", "-0", "1e999", '"s"', "true", "null"].map((text) => rawJSON(text));
    const numbers = rawJSON === undefined ? [] : [1, 0, null, "s", true, null];
    expect(convert({ values }, "s")).toStrictEqual({ values: numbers });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = { back: [cyclic] };
  let deep: unknown = 1;
  for (let depth = 0; depth < 10_000; depth++) deep = depth % 2 === 0 ? [deep] : { deep };
  const boom = new Error("boom");
  const thrower = (): never => {
    throw boom;
  };

  test.each<[string, unknown, RegExp, unknown]>([
    ["a cycle", cyclic, /contains itself/, expect.any(RangeError)],
    ["10,000 levels", deep, /it nests more than 512 arrays and objects/, expect.any(RangeError)],
    ["BigInt", { a: [1n] }, /BigInt/, expect.any(TypeError)],
    ["a boxed BigInt", { a: Object(1n) }, /BigInt/, expect.any(TypeError)],
    [
      "a throwing getter",
      {
        get a() {
          return thrower();
        },
      },
      /boom/,
      boom,
    ],
    ["a throwing toJSON", [{ toJSON: thrower }], /boom/, boom],
    ["a revoked proxy", [revoked()], /revoked/, expect.any(TypeError)],
  ])("%s is a StateStreamError with slice and cause", (_name, value, why, cause) => {
    const error = errorOf(() => convert(value, "todos"));
    expect(error).toMatchObject({ code: "not-serializable", slice: "todos" });
    expect(error.message).toMatch(why);
    expect(error.message).toContain('"todos"');
    expect(error.cause).toStrictEqual(cause);
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** What is held of a value whose JSON is this. */
function held(raw: unknown, json: Json): Held {
  if (raw === json) return json;
  if (Array.isArray(raw) && Array.isArray(json)) {
    return new Overlay(raw, json.map((item, index) => held(raw[index], item)), json.length); // prettier-ignore
  }
  if (!isRecord(raw) || !isRecord(json) || Object.getPrototypeOf(raw) !== Object.prototype) return json;
  const entries = Object.entries(raw).filter(([name, item]) => !Object.is(item, ownMember(json, name)));
  const changed = entries.map(([name, item]) => {
    const member = ownMember(json, name);
    return [name, member === undefined ? undefined : held(item, member)] as const;
  });
  return new Overlay(raw, new Map(changed), Object.keys(json).length);
}

interface Remembered {
  readonly raw: unknown;
  readonly json: Json;
}

/** What JSON carries of a value, after another whose JSON is known. */
function jsonAfter(value: unknown, { raw, json }: Remembered): Json | undefined {
  return jsonFrom(held(raw, json), value, "s");
}

describe("toJson", () => {
  test("gives the same object when it is JSON already", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(container, (value) => {
        expect(toJson(value, "s")).toBe(value);
      }),
    );
  });

  test("copies only the objects on the way to what is not JSON", () => {
    const value = { same: { deep: [1] }, changed: { undef: undefined, kept: ["x"] } };
    const result = toJson(value, "s") as unknown as typeof value;
    expect(result).not.toBe(value);
    expect(result.same).toBe(value.same);
    expect(result.changed.kept).toBe(value.changed.kept);
    expect(value.changed).toHaveProperty("undef", undefined);
  });
});

describe("jsonFrom", () => {
  test("gives what is known for a known reference without looking inside", () => {
    const known = untouchable();
    const raw = { a: { list: [known, { at: new Date(0) }] } };
    const remembered = { raw, json: { a: { list: ["as it was", { at: "then" }] } } as Json };
    const next = { a: { list: [known, raw.a.list[1], 2] }, b: 1 };
    expect(jsonAfter(next, remembered)).toStrictEqual({ a: { list: ["as it was", { at: "then" }, 2] }, b: 1 });
    expect(jsonAfter(raw, remembered)).toStrictEqual(remembered.json);
    expect(() => jsonAfter({ elsewhere: known }, remembered)).toThrow("somebody looked");
  });

  test("members of what toJSON gave do not count as known members of its object", () => {
    const items = [{ id: 1 }];
    class View {
      readonly items = items;
      readonly #shown: object[];
      constructor(shown: object[]) {
        this.#shown = shown;
      }
      toJSON(): unknown {
        return { items: this.#shown };
      }
    }
    const filtered = new View([]);
    const remembered = { raw: filtered, json: toJson(filtered, "s") as Json };
    expect(remembered.json).toStrictEqual({ items: [] });
    expect(jsonAfter(new View(items), remembered)).toStrictEqual({ items: [{ id: 1 }] });
    expect(jsonAfter({ items }, remembered)).toStrictEqual({ items: [{ id: 1 }] });
  });

  test("uses only own members of what is known", () => {
    const shared = { a: 1 };
    const raw: object = Object.create({ shared }, {});
    expect(jsonAfter({ shared }, { raw, json: {} })).toStrictEqual({ shared: { a: 1 } });
  });

  test.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
    "never reads %s from the prototype of what is known",
    (name) => {
      const hidden = { toJSON: () => undefined };
      const raw = Object.fromEntries([[name, hidden], ["n", 1]]); // prettier-ignore
      const json = toJson(raw, "s") as Json;
      expect(JSON.stringify(json)).toBe('{"n":1}');
      const next = Object.fromEntries([[name, hidden], ["n", 2]]); // prettier-ignore
      expect(JSON.stringify(jsonAfter(next, { raw, json }))).toBe('{"n":2}');
    },
  );

  test.each([true, false])("reads nothing that a program gave every object (enumerable: %s)", (enumerable) => {
    const shared = { a: 1 };
    const raw = { given: { toJSON: () => undefined, shared } };
    Object.defineProperty(Object.prototype, "given", {
      value: "leaked",
      enumerable,
      configurable: true,
      writable: true,
    });
    try {
      const { given } = raw;
      expect(JSON.stringify(jsonAfter({ given }, { raw, json: {} }))).toBe("{}");
      if (enumerable) expect(jsonEqual({ given: "leaked" }, { other: "leaked" })).toBe(false);
      expect(jsonEqual({}, { given: "leaked" })).toBe(false);
    } finally {
      delete (Object.prototype as { given?: unknown }).given;
    }
  });

  test("gives the same with whatever is remembered of another value", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(fc.anything({ withBoxedValues: true, withDate: true }), json, (value, other) => {
        const raw = { value, other };
        const before = toJson(raw, "s") as Json;
        const next = { value, other: [other], more: value };
        const result = jsonAfter(next, { raw, json: before });
        expect(isJson(result)).toBe(true);
        expect(JSON.stringify(result)).toBe(JSON.stringify(next));
      }),
    );
  });
});

test("copyJson shares no object with the value", { timeout: PROPERTY_TIMEOUT_MS }, () => {
  const objectsOf = (value: Json): object[] =>
    typeof value === "object" && value !== null ? [value, ...Object.values(value).flatMap(objectsOf)] : [];
  fc.assert(
    fc.property(json, (value) => {
      const originals = new Set(objectsOf(value));
      expect(objectsOf(copyJson(value, "s") as Json).filter((object) => originals.has(object))).toStrictEqual([]);
    }),
  );
  const result = { a: [1] };
  expect((copyJson({ toJSON: () => result }, "s") as typeof result).a).not.toBe(result.a);
});

test.each<[string, (rows: object[]) => object[]]>([
  ["added before them", (rows) => [{ id: 9 }, ...rows]],
  ["removed before them", (rows) => rows.slice(2)],
  ["removed between them", (rows) => [...rows.slice(0, 2), ...rows.slice(3)]],
])("does not walk rows that are known where some were %s", (_, change) => {
  const untouchable = (): object => new Proxy({}, { ownKeys: () => expect.unreachable("walked") });
  const rows = Array.from({ length: 5 }, untouchable);
  const value = change(rows);
  expect(jsonAfter(value, { raw: rows, json: rows as never })).toBe(value);
});

describe("a Map or a Set", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  test.each([
    ["development", 2],
    ["production", 0],
  ])("in %s warns %i times: once for each kind", async (environment, times) => {
    vi.stubEnv("NODE_ENV", environment);
    vi.resetModules();
    const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const fresh = await import("../../src/json/json.ts");
    for (let round = 0; round < 3; round++) {
      expect(fresh.toJson({ m: new Map(), s: new Set([round]), w: new Date(0) }, "s")).toMatchObject({ m: {}, s: {} });
    }
    expect(emitWarning).toHaveBeenCalledTimes(times);
    for (const [text, type] of emitWarning.mock.calls as unknown[][]) {
      expect(text).toMatch(/JSON carries a (Map|Set) as \{\}/);
      expect(type).toBe("StateStreamWarning");
    }
  });
});

test.each(["__proto__", "constructor", "a"])("setOwn makes %s an own member and leaves the prototype", (key) => {
  const target = {};
  setOwn(target, key, { polluted: true });
  expect(Object.keys(target)).toStrictEqual([key]);
  expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
  expect("polluted" in target).toBe(false);
  expect(Object.getOwnPropertyDescriptor(target, key)).toMatchObject({ writable: true, configurable: true });
});

describe("jsonEqual", () => {
  test.each<[Json | undefined, Json | undefined, boolean]>([
    [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [{}, [], false],
    [null, {}, false],
    [1, "1", false],
    [[1], [1, 2], false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1 }, { a: 2 }, false],
    [{}, 1, false],
    ["", [], false],
    [parsed({ toString: 1 }), { a: 1 }, false],
    [{ a: {} }, JSON.parse('{"__proto__":{}}') as Json, false],
    [undefined, null, false],
  ])("of %j and %j is %j", (a, b, equal) => {
    expect(jsonEqual(a, b)).toBe(equal);
  });

  test("is true of a value and its copy", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(jsonEqual(value, parsed(value))).toBe(true);
      }),
    );
  });
});

describe("isAtLeast", () => {
  test("never claims more than the JSON's size in UTF-8", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(json, (value) => {
        const size = new TextEncoder().encode(JSON.stringify(value)).length;
        expect(isAtLeast(value, size + 1)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test("is exact for ASCII strings, null, true and containers of them", () => {
    for (const value of [["ab", null], { a: true, bc: ["", ""] }, "abc", [], {}] as Json[]) {
      const size = JSON.stringify(value).length;
      expect([isAtLeast(value, size), isAtLeast(value, size + 1)]).toStrictEqual([true, false]);
    }
  });

  test("stops as soon as it knows", () => {
    const rest = untouchable() as unknown as Json;
    expect(isAtLeast(["x".repeat(20), rest], 20)).toBe(true);
    expect(isAtLeast({ a: "x".repeat(20), rest }, 20)).toBe(true);
    expect(isAtLeast([[["x".repeat(20)], rest], rest], 20)).toBe(true);
    expect(isAtLeast({ a: "x".repeat(12), rest }, 20)).toBe(true);
    expect(isAtLeast(["x".repeat(16), rest], 20)).toBe(true);
    expect(() => isAtLeast(["x", rest], 20)).toThrow("somebody looked");
  });
});
