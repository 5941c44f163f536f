import { expect, test } from "vitest";
import { follow, followed, setup, type Slices } from "../support/streams.ts";

const NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "",
  "0",
  "a/b~c",
  "\u{1f600}",
  "line\nfeed\r\u2028",
  'quo"te\\',
  "\ud800",
  "data: x\n\nid: 9",
];

test.each(NAMES)("a slice named %j is like any other", (name) => {
  const { stream } = setup(
    Object.fromEntries([
      [name, { n: 0 }],
      ["other", 1],
    ]) as Slices,
  );
  const all = followed(stream);
  const one = followed(stream, { slices: [name] });
  const has = ({ client }: { client: { slices: ReadonlyMap<string, unknown> } }): unknown => client.slices.get(name);
  expect([has(all), has(one)]).toEqual([{ n: 0 }, { n: 0 }]);
  expect([...one.client.slices.keys()]).toEqual([name]);

  stream.patch(name, [{ op: "replace", path: "/n", value: 1 }]);
  stream.set(name, { n: 2 });
  for (const follower of [all, one]) {
    expect(follower.pull()).toMatchObject([
      { slice: name, patches: [{}] },
      { slice: name, patches: [{}] },
    ]);
    expect(has(follower)).toEqual({ n: 2 });
  }
  const back = follow(stream, { slices: [name] }, one.client.bookmark);
  stream.remove(name);
  expect(back.pull()).toMatchObject([{ type: "heartbeat" }, { slice: name, removed: true }]);
  expect(Object.hasOwn(stream.state, name)).toBe(false);
  expect([...followed(stream).client.slices.keys()]).toEqual(["other"]);
});

test("names never reach a prototype", () => {
  const { stream } = setup({ a: 1 });
  stream.set("__proto__", { polluted: true });
  stream.set("constructor", { prototype: { polluted: true } });
  void stream.state;
  followed(stream);
  expect(({} as Slices)["polluted"]).toBeUndefined();
  expect(Object.getPrototypeOf(stream.state)).toBe(Object.prototype);
  expect(Object.hasOwn(stream.state, "__proto__")).toBe(true);
});

test("selecting names that every object has shows nothing that is not there", () => {
  const { stream } = setup({ a: 1 });
  const { client } = followed(stream, { slices: ["__proto__", "constructor", "toString"] });
  expect([...client.slices]).toEqual([]);
});

test("operations that name __proto__ are sent as a value, and applied as own members", () => {
  const { stream } = setup({ a: { n: 1 } });
  const { pull, client } = followed(stream);
  stream.patch("a", [{ op: "add", path: "/__proto__", value: { polluted: true } }]);
  const [event] = pull();
  expect(event).not.toHaveProperty("patches");
  expect(JSON.stringify(client.state)).toBe('{"a":{"n":1,"__proto__":{"polluted":true}}}');
  stream.set("a", JSON.parse('{"n":1,"constructor":{"prototype":{"polluted":true}}}'));
  pull();
  expect(({} as Slices)["polluted"]).toBeUndefined();
  expect(JSON.stringify(client.state)).toBe('{"a":{"n":1,"constructor":{"prototype":{"polluted":true}}}}');
});
