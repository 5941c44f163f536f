import { expect, test } from "vitest";
import { collector, filler, followed, setup, thrownBy } from "../support/streams.ts";

test("the same object, named again, is sent as a value, and compared with a copy from then on", () => {
  const list = [1];
  const { stream } = setup({ list });
  const { client, pull } = followed(stream);
  list.push(2);
  stream.set("list", list);
  expect(pull()).toMatchObject([{ slice: "list", value: [1, 2] }]);
  list.push(3);
  stream.set("list", list);
  expect(pull()).toMatchObject([{ patches: [{ op: "add", path: "/2", value: 3 }] }]);
  expect(client.state).toEqual({ list: [1, 2, 3] });
});

test("the same object, named but unchanged, is sent once and then not again", () => {
  const list = [1];
  const { stream } = setup({ list });
  const { pull } = followed(stream);
  stream.set("list", list);
  expect(pull()).toHaveLength(1);
  stream.set("list", list);
  expect(pull()).toEqual([]);
});

test("an updater that changes its argument in place and returns it is not dropped", () => {
  const { stream } = setup({ list: [1] });
  const { client, pull } = followed(stream);
  stream.set("list", (list: unknown) => {
    (list as number[]).push(2);
    return list;
  });
  pull();
  expect(client.state).toEqual({ list: [1, 2] });
});

test("a primitive that is set to itself sends nothing", () => {
  const { stream } = setup({ n: 1, none: null });
  const { pull } = followed(stream);
  stream.set("n", 1);
  stream.set("none", null);
  expect(pull()).toEqual([]);
});

test("an object that is changed in place, named and replaced in one batch reaches clients as it ended", () => {
  const list = [1];
  const { stream } = setup({ list });
  const { client, pull } = followed(stream);
  stream.batch(() => {
    list.push(2);
    stream.set("list", list);
    stream.set("list", [1, 2]);
  });
  pull();
  expect(client.state).toEqual({ list: [1, 2] });
});

test("an object that is changed in place, named and patched in one batch is never sent as a patch of what clients never had", () => {
  const list = [1];
  const { stream } = setup({ list });
  const { client, pull } = followed(stream);
  stream.batch(() => {
    list.push(2);
    stream.set("list", list);
    stream.patch("list", [{ op: "add", path: "/-", value: 3 }]);
  });
  pull();
  expect(client.state).toEqual({ list: [1, 2, 3] });
});

test("an object that a change in place made impossible is reported, left out of snapshots, and sent once it is possible again", () => {
  const value: { n: number; self?: unknown } = { n: 1 };
  const { errors, onError } = collector();
  const { stream } = setup({ value, other: 1 }, { onError });
  const early = followed(stream);
  value.n = 2;
  value.self = value;
  stream.set("value", value);
  expect(errors).toMatchObject([{ code: "not-serializable", slice: "value" }]);
  expect(early.pull()).toEqual([]);

  // So much that no snapshot of before serves any more.
  stream.set("other", filler(1000));
  early.pull();
  const late = followed(stream);
  expect(late.client.state).toEqual({ other: filler(1000) });

  delete value.self;
  stream.set("value", value);
  expect(early.pull()).toMatchObject([{ slice: "value", value: { n: 2 } }]);
  late.pull();
  expect(late.client.state).toEqual(early.client.state);
});

test("in copy mode a change in place is sent as a difference, named or not", () => {
  const list = [1];
  const { stream } = setup({ list }, { snapshots: "copy" });
  const { client, pull } = followed(stream);
  list.push(2);
  expect(stream.state).toEqual({ list: [1] });
  expect(followed(stream).client.state).toEqual({ list: [1] });
  stream.set("list", list);
  expect(pull()).toMatchObject([{ patches: [{ op: "add", path: "/1", value: 2 }] }]);
  expect(client.state).toEqual({ list: [1, 2] });
});

test("in copy mode the previous copy stays where a value fails", () => {
  const list: unknown[] = [1];
  const { stream } = setup({ list }, { snapshots: "copy" });
  const { client, pull } = followed(stream);
  list.push(2n);
  expect(thrownBy(() => stream.set("list", list))).toMatchObject({ code: "not-serializable" });
  expect(pull()).toEqual([]);
  expect(followed(stream).client.state).toEqual({ list: [1] });
  list[1] = 2;
  stream.set("list", list);
  pull();
  expect(client.state).toEqual({ list: [1, 2] });
});
