import { expect, test } from "vitest";
import { followed, setup } from "../support/streams.ts";

/** Large enough to keep its raw object, whose JSON is made when it is needed. */
const wide = Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`k${n}`, n]));

/** A stream with a slice whose value can be read once, and never again. */
function withUnreadable() {
  const given = setup({ s: { ...wide }, n: 0 });
  let isBroken = false;
  const value = {
    ...wide,
    date: new Date(0),
    get part() {
      if (isBroken) throw new Error("gone");
      return { x: 1 };
    },
  };
  given.stream.set("s", value);
  given.clock.flush();
  isBroken = true;
  return given;
}

test("a value that cannot be read any more is replaced by the next one, which is not blamed for it", () => {
  const { stream, clock } = withUnreadable();
  stream.set("s", { fresh: 1 });
  clock.flush();
  expect(stream.state).toStrictEqual({ s: { fresh: 1 }, n: 0 });
});

test("a value that cannot be read any more withholds no other slice of a batch", () => {
  const { stream, clock } = withUnreadable();
  stream.batch(() => {
    stream.set("n", 7);
    stream.set("s", { fresh: 1 });
  });
  clock.flush();
  expect(stream.state).toStrictEqual({ s: { fresh: 1 }, n: 7 });
});

test("a patch of a value that cannot be read any more is refused with an error that names the slice", () => {
  const { stream } = withUnreadable();
  expect(() => stream.patch("s", [{ op: "add", path: "/z", value: 1 }])).toThrow(
    expect.objectContaining({ name: "StateStreamError", slice: "s" }) as Error,
  );
});

test("a value that cannot be read any more loses nothing of a batch where the stream has views", () => {
  const { stream, clock } = withUnreadable();
  const views = clock.createStateViews(stream, ({ n }: Record<string, unknown>) => ({ n }));
  const { connection } = followed(views.get("a"));
  stream.batch(() => {
    stream.set("n", 8);
    stream.remove("s");
  });
  stream.set("n", 9);
  clock.flush();
  expect([stream.state, views.get("a").state]).toStrictEqual([{ n: 9 }, { n: 9 }]);
  connection.close();
});
