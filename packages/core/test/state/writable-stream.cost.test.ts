import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Operation } from "../../src/json/types.ts";
import { createStateStream } from "../../src/index.ts";
import { parsed } from "../support/values.ts";

// What known operations cost, by counting: the containers on their paths, never the state.

// In development, samples of the state are taken to find mutations in place.
beforeEach(() => void vi.stubEnv("NODE_ENV", "production"));
afterEach(() => void vi.unstubAllEnvs());

/** Rows that count how often somebody looks at one of them. */
function rows(count: number): { readonly list: object[]; looks: number } {
  const counted = { list: [] as object[], looks: 0 };
  const look = <T>(give: () => T): T => {
    counted.looks++;
    return give();
  };
  counted.list = Array.from(
    { length: count },
    (_, id) =>
      new Proxy(
        { id, text: `text of row ${id}`, inner: { n: id } },
        {
          get: (...args) => look(() => Reflect.get(...args) as unknown),
          ownKeys: (target) => look(() => Reflect.ownKeys(target)),
          getOwnPropertyDescriptor: (...args) => look(() => Reflect.getOwnPropertyDescriptor(...args)),
        },
      ),
  );
  return counted;
}

const long = "x".repeat(3000);

test.each<[string, Operation[], number]>([
  ["a replacement", [{ op: "replace", path: "/other/n", value: 2 }], 0],
  ["a new row", [{ op: "add", path: "/list/0", value: { id: -1 } }], 0],
  ["several that may undo each other", [{ op: "replace", path: "/other/n", value: 2 }, { op: "remove", path: "/list/7" }], 0], // prettier-ignore
  ["a move", [{ op: "move", from: "/list/900", path: "/list/3" }], 12],
  // The row is copied, and no other is looked at.
  ["a change inside a row", [{ op: "replace", path: "/list/5/inner/n", value: -1 }], 30],
  // Until the value surely has more bytes than the patch: about as many bytes as that.
  ["a patch so large that the value's size counts", [{ op: "add", path: "/other/text", value: long }], 900],
])("stream.patch does not read the rest of the state: %s", (_, operations, most) => {
  const own = rows(1000);
  const stream = createStateStream({ initialState: { s: { list: own.list, other: { n: 1 } } } });
  own.looks = 0;
  stream.patch("s", operations);
  expect(own.looks).toBeLessThanOrEqual(most);
  expect(parsed(stream.state)).not.toEqual({ s: { list: parsed(own.list), other: { n: 1 } } });
  expect(stream.stats().events).toBe(1);
  void stream.close();
});

test("a new state that shares all rows but one is converted to JSON and compared without reading the others", () => {
  const counted = rows(1000);
  const stream = createStateStream({ initialState: { list: counted.list } });
  counted.looks = 0;
  stream.set("list", counted.list.with(500, { id: 500, text: "new", inner: { n: 0 } }));
  // The row that was there, and its neighbours where the search for what is shared ends.
  expect(counted.looks).toBeLessThan(40);
  expect(stream.stats().events).toBe(1);
  void stream.close();
});
