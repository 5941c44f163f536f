import { expect, test } from "vitest";
import type { Json } from "../../src/json/types.ts";
import { structural } from "../support/compare.ts";
import { parsed } from "../support/values.ts";

// What a diff costs, by counting: figures that are the same on every machine.

/** Wraps every object inside the value, so that each look at one of its members is counted. */
function counting(value: Json): { readonly value: Json; count: number } {
  const counter = { value: null as Json, count: 0 };
  const wrap = (given: Json): Json => {
    if (typeof given !== "object" || given === null) return given;
    const inner = Array.isArray(given)
      ? given.map(wrap)
      : Object.fromEntries(Object.entries(given).map(([key, member]) => [key, wrap(member)]));
    return new Proxy(inner, {
      get: (target, key, receiver) => {
        counter.count++;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
  };
  counter.value = wrap(value);
  return counter;
}

/** How many members are looked at to compare clones. */
function looks(before: Json, after: Json): number {
  const [a, b] = [counting(before), counting(after)];
  structural(a.value, b.value);
  return a.count + b.count;
}

const row = (id: number, more: object = {}): Json => ({ id, title: `task number ${id}`, done: false, ...more });
const list = (length: number): Json[] => Array.from({ length }, (_, id) => row(id));
const unnamed = (length: number, more: object = {}): Json[] =>
  list(length).map((given, at) => ({ label: `row ${at}`, ...(given as object), id: null, ...more }));
const prose = "a text of a few words ".repeat(200);
const nested = (depth: number, leaf: Json): Json => {
  let value = leaf;
  for (let level = 0; level < depth; level++) value = { value, level };
  return value;
};
const numbers = (sign: number): Json =>
  Object.fromEntries(Array.from({ length: 400 }, (_, at) => [at, at % 20 === 1 ? sign * at : at]));
const records = (more: number): Json =>
  Object.fromEntries(list(100).map((_, at) => [`k${at}`, { n: at + more, inner: { text: `${more} of ${at}` } }]));

test.each<[string, Json, Json, "patches" | "value", number]>([
  ["one leaf", { a: { b: 1 }, list: list(20) }, { a: { b: 2 }, list: list(20) }, "patches", 42],
  ["one field of many by key", records(0), { ...(records(0) as object), k50: { n: 0, inner: { text: "0 of 50" } } }, "patches", 44], // prettier-ignore
  ["append", list(100), [...list(100), row(100)], "patches", 86],
  ["prepend", list(100), [row(100), ...list(100)], "patches", 84],
  ["remove from the middle", list(100), list(100).toSpliced(50, 1), "patches", 30],
  ["move one", list(100), list(100).toSpliced(80, 1).toSpliced(10, 0, row(80)), "patches", 41],
  ["some updated", list(100), list(100).map((given, at) => (at % 25 === 0 ? row(at, { done: true }) : given)), "patches", 192], // prettier-ignore
  ["no ids, one removed and one new", unnamed(100), unnamed(100).toSpliced(70, 1).toSpliced(20, 0, { label: "new" }), "patches", 80], // prettier-ignore
  ["a text grows", { text: prose }, { text: `${prose}and twenty characters` }, "value", prose.length + 32],
  ["every leaf differs", records(1), records(2), "value", 4175],
  ["numeric keys, some changed", numbers(1), numbers(-1), "patches", 869],
  ["depth 200", nested(200, 1), nested(200, 2), "patches", 1238],
])("the bytes sent, shared or cloned: %s", (_, before, after, kind, bytes) => {
  for (const to of [after, parsed(after)]) {
    const difference = structural(before, to);
    expect(difference?.kind).toBe(kind);
    expect(new TextEncoder().encode(difference?.member.replace(/^"\w+":/, "")).length).toBe(bytes);
  }
});

test.each<[string, (size: number) => [Json, Json]]>([
  ["rows with ids in another order", (size) => [list(size), list(size).reverse()]],
  ["rows with ids, each one changed", (size) => [list(size), list(size).map((given) => ({ ...(given as object), done: true }))]], // prettier-ignore
  ["ids that are not unique", (size) => [list(size).map(() => row(1)), list(size).map((_, n) => row(1, { n }))]],
  ["rows without ids, that differ at their end", (size) => [unnamed(size, { last: 1 }), unnamed(size, { last: 2 })]],
  ["rows without ids, in another order", (size) => [unnamed(size), unnamed(size).reverse()]],
  ["arrays in arrays", (size) => [inArrays(size, 1), inArrays(size, 2)]],
  ["objects in objects", (size) => [nested(size, 1), nested(size, 2)]],
  ["all members new", (size) => [byName(size, "a"), byName(size, "b")]],
])("the work is in proportion to the size: %s", (_, make) => {
  const [small, large] = [looks(...make(300)), looks(...make(1200))];
  expect(large).toBeLessThan(6 * small);
  // At most so many looks at each member, whatever the shape.
  expect(large).toBeLessThan(1200 * 600);
});

test("rows without ids that differ at their end only are compared with few others", () => {
  const wide = (last: number): Json[] =>
    list(100).map((_, at) => ({
      ...Object.fromEntries(Array.from({ length: 500 }, (_unused, n) => [`m${n}`, n])),
      last: last + at,
    }));
  // Each with each would look at 100 * 100 * 500 members of both.
  expect(looks(wide(0), wide(1000))).toBeLessThan(2 * (65_536 + 200 * 64 + 6 * 100 * 500));
});

function inArrays(depth: number, leaf: Json): Json {
  let value: Json = leaf;
  for (let level = 0; level < depth; level++) value = [{ a: 1, b: 2 }, value, { c: 3 }];
  return value;
}

function byName(size: number, prefix: string): Json {
  return Object.fromEntries(Array.from({ length: size }, (_, at) => [`${prefix}${at}`, at]));
}
