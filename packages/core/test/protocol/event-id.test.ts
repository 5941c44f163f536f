import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatEventId, formatOpenId, parseEventId, selectionSuffix } from "../../src/protocol/event-id.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { framesOf } from "../support/read.ts";
import { PROPERTY_TIMEOUT_MS } from "../support/property.ts";

const epoch = "aZ09-_bcdef";

describe("parseEventId", () => {
  test.each([
    [`${epoch}.0`, { epoch, seq: 0, selection: undefined, isOpen: false }],
    [`${epoch}.z`, { epoch, seq: 35, selection: undefined, isOpen: false }],
    [`${epoch}.10.AAAA-_09`, { epoch, seq: 36, selection: "AAAA-_09", isOpen: false }],
    [`${epoch}.2gosa7pa2gv`, { epoch, seq: Number.MAX_SAFE_INTEGER, selection: undefined, isOpen: false }],
    [`${epoch}.z..-`, { epoch, seq: 35, selection: undefined, isOpen: true }],
    [`${epoch}.z.AAAA-_09.-`, { epoch, seq: 35, selection: "AAAA-_09", isOpen: true }],
  ])("reads %s", (text, id) => {
    expect(parseEventId(text)).toStrictEqual(id);
  });

  test.each([
    "",
    "0",
    epoch,
    `${epoch}.`,
    `.0`,
    `${epoch}.-1`,
    `${epoch}.+1`,
    `${epoch}.1e3.`,
    `${epoch}.00`,
    `${epoch}.01`,
    `${epoch}.A`,
    `${epoch}.1A`,
    `${epoch}.2gosa7pa2gw`,
    `${epoch}.zzzzzzzzzzz`,
    `${epoch}.100000000000`,
    `${epoch}.${"1".repeat(10_000)}`,
    `${epoch}.1.`,
    `${epoch}.1..`,
    `${epoch}.1.-`,
    `${epoch}.1...-`,
    `${epoch}.1..-.-`,
    `${epoch}.1..--`,
    `${epoch}.1.AAAAAAAA.--`,
    `${epoch}.1.AAAAAAAA..-`,
    `${epoch}.1.short`,
    `${epoch}.1.toolong99`,
    `${epoch}.1.AAAAAAAA.`,
    `${epoch}.1.AAAAAAAA.x`,
    `${epoch}.1.AAAA+AAA`,
    `${epoch}.1 `,
    ` ${epoch}.1`,
    `${epoch}.1\n`,
    `${epoch}\n.1`,
    `${epoch}.1\0`,
    `${epoch.slice(1)}.1`,
    `${epoch}x.1`,
    `${epoch.slice(1)}é.1`,
    `${epoch.slice(1)}=.1`,
    `${epoch}.١`,
    `${epoch}.１`,
    `${epoch.slice(1)}\u212a.1`,
    `${epoch}.\u212a`,
    "x".repeat(1_000_000),
  ])("does not read %j", (text) => {
    expect(parseEventId(text)).toBeUndefined();
  });

  test("reads nothing that formatEventId and formatOpenId would not write", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    const near = fc.stringMatching(/^[\w-]{10,12}\.[0-9a-zA-Z]{1,12}(\.[\w-]{7,9})?(\.{1,2}-)?$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (text) => {
        const id = parseEventId(text);
        if (id === undefined) return;
        const suffix = id.selection === undefined ? "" : `.${id.selection}`;
        expect((id.isOpen ? formatOpenId : formatEventId)(id.epoch, id.seq, suffix)).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  test("reads back what formatEventId and formatOpenId wrote", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    const names = fc.option(fc.array(fc.string({ unit: "binary" }), { maxLength: 4 }), { nil: undefined });
    fc.assert(
      fc.property(fc.stringMatching(/^[\w-]{11}$/), fc.maxSafeNat(), names, (anyEpoch, seq, selected) => {
        const suffix = selectionSuffix(selected);
        const id = parseEventId(formatEventId(anyEpoch, seq, suffix));
        expect(id).toMatchObject({ epoch: anyEpoch, seq });
        expect(id?.selection).toBe(selected === undefined ? undefined : suffix.slice(1));
        expect(parseEventId(formatOpenId(anyEpoch, seq, suffix))).toStrictEqual({ ...id, isOpen: true });
      }),
    );
  });
});

describe("the selection's part", () => {
  const stream = createTestClock({ epoch }).createStateStream({ initialState: { a: 1, b: 2 } });
  const idOf = (slices?: string[]) => framesOf(stream.connect({ slices }))[0]?.id;

  test("is absent when nothing narrows the connection", () => {
    expect(idOf()).toBe(`${epoch}.0`);
  });

  test("does not depend on order or duplicates", () => {
    const id = idOf(["a", "b"]);
    expect(id).toMatch(/^aZ09-_bcdef\.0\.[\w-]{8}$/);
    for (const same of [["b", "a"], ["a", "b", "a"], ["b", "b", "a"]]) expect(idOf(same)).toBe(id); // prettier-ignore
  });

  test("differs for other names, however they are split", () => {
    const lists = [[], [""], ["a"], ["b"], ["a", "b"], ["a,b"], ['a","b'], ["ab"], ["a", "", "b"], ["A"], ["\ud800"], ["\ud801"]]; // prettier-ignore
    expect(new Set(lists.map(idOf)).size).toBe(lists.length);
  });

  test("is unique in 200,000 lists of names", () => {
    // A linear congruential generator, so that every run tries the same lists.
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const name = (): string => random(26 ** 4).toString(36) + (random(2) === 0 ? "" : random(26 ** 4).toString(36));
    const lists = new Map<string, readonly string[]>();
    while (lists.size < 200_000) {
      const names = [...new Set(Array.from({ length: 1 + random(3) }, name))].sort();
      lists.set(JSON.stringify(names), names);
    }
    expect(new Set([...lists.values()].map(selectionSuffix)).size).toBe(200_000);
  }, 60_000);

  test("is unique among names that differ only in a number", () => {
    const suffixes = Array.from({ length: 200_000 }, (_, index) => selectionSuffix([`room:${index}`]));
    expect(new Set(suffixes).size).toBe(200_000);
  }, 60_000);
});
