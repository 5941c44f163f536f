import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Step } from "../../src/diff/differ.ts";
import { type Held, jsonOf, Overlay } from "../../src/json/held.ts";
import { toJson } from "../../src/json/json.ts";
import { applyOperations } from "../../src/json/operations.ts";
import type { Json } from "../../src/json/types.ts";
import { awkward } from "../support/awkward.ts";
import { appending, operationsOf, structural } from "../support/compare.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";
import { canonical, json, parsed, untouchable } from "../support/values.ts";

function step(held: Held, value: unknown, compare = structural): Step {
  const found = compare.step?.(held, value, "s");
  if (found === undefined) throw new Error("no step");
  return found;
}

/** JSON and nothing else: text alone would not show an undefined member, or -0. */
function isJson(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object" || value === null) return ["string", "boolean", "object"].includes(typeof value);
  if (Array.isArray(value)) return Array.from(value).every(isJson);
  return [Object.prototype, null].includes(Object.getPrototypeOf(value) as null) && Object.values(value).every(isJson);
}

/** Makes the step, checks it against the way in two walks, and returns what is held then. */
function checked(held: Held, value: unknown, compare: typeof structural): Held {
  const before = parsed(jsonOf(held));
  const expected = toJson(value, "s");
  const found = compare.step?.(held, value, "s");
  if (expected === undefined) {
    expect(found).toBeUndefined();
    return held;
  }
  const { held: next, difference } = found as Step;
  expect(isJson(jsonOf(next))).toBe(true);
  expect(canonical(jsonOf(next))).toBe(canonical(expected));
  expect(canonical(jsonOf(held))).toBe(canonical(before));
  const patches = operationsOf(difference);
  const followed = patches === undefined ? parsed(JSON.parse(`{${difference?.member}}`)) : undefined;
  if (patches === undefined) expect(canonical((followed as { value: Json }).value)).toBe(canonical(expected));
  else expect(canonical(applyOperations(before, patches, "s"))).toBe(canonical(expected));
  expect(difference === undefined).toBe(canonical(before) === canonical(expected));
  const alone = compare(before, parsed(expected));
  expect(difference?.kind).toBe(alone?.kind);
  expect(difference?.additive).toBe(alone?.additive);
  return next;
}

/** The walk takes a member that is not enumerable for one, where the other value has one of that name. */
const walkable = awkward.filter(([name]) => name !== "a member that is not enumerable").map(([, each]) => each);

class Instance {
  n: unknown;
  constructor(n: unknown) {
    this.n = n;
  }
}

const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(undefined, Number.NaN, -0, 0, null, Infinity, new Date(0), () => 1, Symbol("s")),
  fc.integer({ min: 0, max: 3 }).map((ms) => new Date(ms)),
  json.map((n) => new Instance(n)),
  json.map((result) => ({ toJSON: () => result })),
  fc.constantFrom(...walkable),
);

/** Objects and lists, some of them long, of what is JSON and what is not. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    { weight: 3, arbitrary: json },
    { weight: 2, arbitrary: odd },
    { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 5 }) },
    {
      weight: 2,
      arbitrary: fc.dictionary(fc.constantFrom("a", "b", "id", "0", "__proto__", "constructor"), tie("value")),
    },
    { weight: 1, arbitrary: tie("value").map((item) => wide(item)) },
    { weight: 1, arbitrary: fc.array(fc.record({ id: fc.nat(5), n: tie("value") }), { maxLength: 6 }) },
  ),
}));

/** More members than an object may have whose number is not remembered. */
function wide(item: unknown): object {
  return Object.fromEntries(Array.from({ length: 70 }, (_, at) => [`k${at}`, at === 30 ? item : { at }]));
}

/** The value after an edit, which shares what the edit does not reach; or is copied all over. */
function edited(given: unknown, path: readonly number[], item: unknown): unknown {
  const [index, ...rest] = path;
  if (index === undefined || typeof given !== "object" || given === null) return item;
  if (Array.isArray(given)) {
    const at = index % Math.max(1, given.length);
    if (given.length === 0) return [item];
    if (index % 5 === 4) return given.toSpliced(at, index % 2, item);
    if (index % 5 === 3) return given.toSpliced(at, 1).toSpliced(index % (given.length + 1), 0, given[at]);
    return given.with(at, edited(given[at], rest, item));
  }
  if (Object.getPrototypeOf(given) !== Object.prototype) return item;
  const entries = Object.entries(given);
  if (entries.length === 0) return { a: item };
  const at = index % entries.length;
  const [name, member] = entries[at] as [string, unknown];
  if (index % 5 === 4) return Object.fromEntries(entries.toSpliced(at, 1));
  if (index % 5 === 3) return Object.fromEntries([[`n${index}`, item], ...entries]);
  return Object.fromEntries(entries.with(at, [name, edited(member, rest, item)]));
}

test(
  "one walk gives the JSON and the difference that two give, whatever the values, one after the other",
  { timeout: PROPERTY_TIMEOUT_MS },
  () => {
    const edit = fc.tuple(fc.array(fc.nat(80), { maxLength: 4 }), value);
    const property = fc.property(value, fc.array(edit, { maxLength: 6 }), fc.boolean(), (first, edits, appends) => {
      let held: Held = toJson(first, "s") ?? null;
      let current = first;
      for (const [path, item] of edits) {
        current = edited(current, path, item);
        held = checked(held, current, appends ? appending : structural);
      }
      held = checked(held, first, structural);
      checked(held, parsed(jsonOf(held)), structural);
    });
    checkProperty(property, 150);
  },
);

test(
  "every awkward value after every other, in a member, a row and among many members",
  { timeout: PROPERTY_TIMEOUT_MS },
  () => {
    const places: ((item: unknown) => unknown)[] = [
      (of) => ({ of }),
      (of) => [0, of, 1],
      wide,
      (of) => ({ deep: [wide(of)] }),
    ];
    for (const [from, a] of walkable.entries()) {
      for (const [to, b] of walkable.entries()) {
        const place = places[(from + to) % places.length] as (item: unknown) => unknown;
        const held = checked(toJson(place(a), "s") as Json, place(b), structural);
        checked(checked(held, place(b), structural), place(a), structural);
      }
    }
  },
);

describe("of a value that is the same object as before", () => {
  test("nothing is looked at, wherever it is", () => {
    const never = untouchable() as Json;
    for (const [before, after] of [
      [
        { never, n: 1 },
        { never, n: 2 },
      ],
      [
        [never, 1],
        [never, 2],
      ],
      [
        [1, never],
        [0, 1, never],
      ],
      [
        { ...wide(0), never },
        { ...wide(1), never },
      ],
    ] as [Json, Json][]) {
      const { held, difference } = step(before, after);
      expect(held === after).toBe(true);
      expect(difference?.kind).toBe("patches");
    }
  });

  test("toJSON is not called again, nor is a getter of an instance", () => {
    let calls = 0;
    const counted = { toJSON: () => ++calls };
    for (const place of [(of: unknown, n: number) => ({ of, n }), (of: unknown, n: number) => ({ ...wide(of), n })]) {
      calls = 0;
      let { held } = step({}, place(counted, 0));
      // A copy that JSON made of a small object does not say what it was made of.
      held = step(held, place(counted, 1)).held;
      const before = calls;
      for (let n = 2; n < 5; n++) held = step(held, place(counted, n)).held;
      expect(calls - before).toBe(held instanceof Overlay ? 0 : 3);
    }
  });
});

test("many members of which one is something else in JSON are not copied before their JSON is needed", () => {
  const at = new Date(0);
  const first = { ...wide(at), at };
  const { held } = step(parsed({ ...first, n: 0 }), first);
  expect(held).toBeInstanceOf(Overlay);
  const second = { ...first, k7: 1 };
  const { held: next, difference } = step(held, second);
  expect(difference?.member).toBe('"patches":[{"op":"replace","path":"/k7","value":1}]');
  expect(jsonOf(next)).toStrictEqual(parsed(second));
  expect(jsonOf(next)).toBe(jsonOf(next));
  expect(jsonOf(held)).toStrictEqual(parsed(first));
});

test("members that JSON leaves out are not counted as members, so that a removal is found", () => {
  const left = { toJSON: () => undefined };
  let held: Held = { ...wide(0) };
  for (const value of [
    { ...wide(0), left },
    { ...wide(1), left },
    { ...wide(1), left, more: 1 },
  ]) {
    held = checked(held, value, structural);
  }
  expect(operationsOf(step(held, { ...wide(1), left }).difference)).toStrictEqual([{ op: "remove", path: "/more" }]);
});

test.each<[string, Json, unknown]>([
  ["one of one", [1], [undefined]],
  ["among others", [1, 2, 3], [1, undefined, 3]],
  ["that was an object", [{ id: 1 }, { id: 2 }], [{ id: 1 }, { toJSON: () => undefined }]],
  ["behind one that was added", [1, 2], [0, 1, undefined]],
])("a row that JSON leaves out is null: %s", (_name, before, after) => {
  checked(checked(before, after, structural), before, structural);
});
