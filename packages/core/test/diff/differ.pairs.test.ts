import jsonpatch from "fast-json-patch";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, Operation } from "../../src/json/types.ts";
import { applyOperations } from "../../src/json/operations.ts";
import { hasAppend, splitsText, strictOf } from "../../src/diff/strict.ts";
import { appending, operationsOf, structural } from "../support/compare.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";
import { canonical, container, json, parsed } from "../support/values.ts";

// The pairs of `pnpm fuzz --pairs 1000000`: keep this file to one property, so that its runs are the pairs.

const rows: fc.Arbitrary<Json> = fc.array(
  fc.record({ id: fc.nat(9), n: fc.constantFrom<Json>(0, 1, "text"), list: fc.array(fc.nat(3), { maxLength: 4 }) }),
  { maxLength: 12 },
);
/** A text longer than those whose JSON is remembered, with what is escaped at its seams. */
const long: fc.Arbitrary<Json> = fc
  .array(fc.constantFrom("\ud83d", "\ude00", '"', "\n", "é"), { maxLength: 4 })
  .map((ends) => "long ".repeat(250) + ends.join(""));
/** A text short enough to be appended to often. */
const short = fc.constantFrom<Json>("a", "ab", "\ud83d", "\ude00", "\ud83d\ude00", "e\u0301");
const value = fc.oneof(
  { weight: 2, arbitrary: short },
  { weight: 5, arbitrary: json },
  { weight: 3, arbitrary: rows },
  { weight: 1, arbitrary: long },
);
const before = fc.oneof(container, rows, fc.record({ rows, text: long, other: json }));

/** A step of the way to what is edited, and what is done there. */
const edit = fc.record({
  at: fc.array(fc.nat(11), { maxLength: 3 }),
  kind: fc.constantFrom("replace", "remove", "insert", "move", "append"),
  to: fc.nat(11),
  value,
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** The value after an edit; what that does not reach is shared. */
function edited(given: Json, { at: [index = 0, ...at], kind, to, value: fresh }: Edit): Json {
  if (kind === "append" && typeof given === "string" && typeof fresh === "string") return given + fresh;
  if (typeof given !== "object" || given === null) return fresh;
  if (Array.isArray(given)) {
    const copy = given.slice();
    const place = given.length === 0 ? 0 : index % given.length;
    if (at.length > 0 && given.length > 0) copy[place] = edited(given[place] as Json, { at, kind, to, value: fresh });
    else if (kind === "move") copy.splice(to % (given.length + 1), 0, ...copy.splice(place, 1));
    else copy.splice(place, kind === "insert" ? 0 : 1, ...(kind === "remove" ? [] : [fresh]));
    return copy;
  }
  const entries = Object.entries(given);
  const place = entries.length === 0 ? 0 : index % entries.length;
  const [name, member] = entries[place] ?? ["a", null];
  if (kind === "insert" && at.length === 0) entries.unshift([`new${to}`, fresh]);
  else if (kind === "remove" && at.length === 0) entries.splice(place, 1);
  else entries[place] = [name, edited(member, { at, kind, to, value: fresh })];
  return Object.fromEntries(entries);
}

/** By two appliers, which must agree. */
function applied(document: Json, operations: readonly Operation[]): string {
  const ours = canonical(applyOperations(document, operations, "s"));
  const theirs = parsed(operations) as unknown as jsonpatch.Operation[];
  expect(canonical(jsonpatch.applyPatch(parsed(document), theirs).newDocument)).toBe(ours);
  return ours;
}

test(
  "whatever two values are, what is sent of them leads from one to the other and back, with append and without",
  () => {
    const pair = fc.property(before, fc.array(edit, { maxLength: 4 }), json, fc.nat(7), (from, edits, other, way) => {
      // Mostly edits, some shared and some cloned; now and then something else altogether.
      const next = way === 0 ? other : edits.reduce(edited, from);
      const to = way % 2 === 0 ? next : parsed(next);
      for (const [a, b] of [
        [from, to],
        [to, from],
      ] as const) {
        const texts = [JSON.stringify(a), JSON.stringify(b)];
        for (const difference of [structural(a, b), appending(a, b)]) {
          const patches = operationsOf(difference);
          if (patches === undefined) expect(difference?.member).toBe(`"value":${texts[1]}`);
          else {
            expect(canonical(applyOperations(a, patches, "s"))).toBe(canonical(b));
            expect(applied(a, strictOf(patches, a))).toBe(canonical(b));
            expect(splitsText(patches, a)).toBe(false);
            expect(hasAppend(patches)).toBe(difference?.appends === true);
          }
        }
        expect(hasAppend(operationsOf(structural(a, b)) ?? [])).toBe(false);
        expect([JSON.stringify(a), JSON.stringify(b)]).toEqual(texts);
      }
    });
    checkProperty(pair, 3000);
  },
  PROPERTY_TIMEOUT_MS,
);
