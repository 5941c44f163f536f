import { describe, expect, test } from "vitest";
import type { Commit } from "../../src/replication/commit.ts";
import { continueStream } from "../../src/replication/continue.ts";
import { copyOf, emptyCopy, epoch, join, originOf, said } from "../support/copies.ts";
import { follow, type Slices } from "../support/streams.ts";

describe("a stream that continues another's log", () => {
  test("sends no event for its first state, and continues the numbers", () => {
    const first = originOf({ a: 1, gone: 1 });
    first.stream.set("a", 2);
    first.stream.remove("gone");
    const checkpoint = first.checkpoint();
    const commits: Commit[] = [];
    const to = { checkpoint, epoch: epoch("b"), onCommit: (commit: Commit) => void commits.push(commit) };
    const { stream } = continueStream<Slices>({ initialState: { a: 2 } }, to, first.clock.clock);
    expect([commits, stream.eventId]).toStrictEqual([[], first.stream.eventId]);
    stream.set("gone", 5);
    expect(commits).toMatchObject([{ epoch: epoch("b"), previous: epoch("a"), first: 3, last: 3 }]);
    const { copy } = copyOf(first);
    const { pull } = join(copy);
    pull();
    copy.follow(commits[0] as Commit);
    expect(pull()).toMatchObject([{ slice: "gone", seq: 3, base: 2, value: 5 }]);
    expect(copy.position).toStrictEqual({ epoch: epoch("b"), seq: 3 });
  });

  test("has its position in its checkpoint, not the position at which it will continue", () => {
    const { stream, checkpoint, rebase } = originOf({ a: 1 });
    stream.set("a", 2);
    const text = checkpoint();
    rebase(text, epoch("b"));
    expect(checkpoint()).toBe(text);
  });

  test("requires a valid checkpoint and an epoch", () => {
    const { clock, clock: { clock: time }, rebase, checkpoint } = originOf({ a: 1 }); // prettier-ignore
    expect(clock.now()).toBe(0);
    const onCommit = (): void => undefined;
    expect(() => continueStream({ initialState: {} }, { checkpoint: "{}", epoch: epoch("b"), onCommit }, time)).toThrow(
      "Not a checkpoint",
    );
    expect(() => rebase("{}", epoch("b"))).toThrow("Not a checkpoint");
    expect(() => continueStream({ initialState: {} }, { epoch: "b", onCommit }, time)).toThrow(
      "11 base64url characters",
    );
    expect(() => rebase(checkpoint(), "b")).toThrow("11 base64url characters");
  });
});

describe("a rebase", () => {
  test("sends what differs here as one commit, and nothing where nothing differs", () => {
    const origin = originOf({ a: 1, b: [1], c: 1 });
    const start = origin.checkpoint();
    const { copy } = emptyCopy(origin.clock);
    copy.adopt(start, []);
    origin.stream.set("a", 2);
    origin.stream.set("d", 1);
    origin.stream.remove("c");
    origin.rebase(start, epoch("b"));
    const { pull } = join(copy);
    pull();
    expect(origin.commits).toHaveLength(4);
    copy.follow(origin.commits[3] as Commit);
    expect(said(pull())).toStrictEqual(["a 1", "c 2", "d 3"]);
    expect(copy.state).toStrictEqual({ a: 2, b: [1], d: 1 });
    origin.rebase(copy.checkpoint(), epoch("c"));
    expect(origin.commits).toHaveLength(4);
  });

  test("sends its own clients the state again", () => {
    const { stream, checkpoint, rebase, clock } = originOf({ a: 1 });
    const start = checkpoint();
    const { client, connection } = join(stream);
    client.pull(connection);
    stream.set("a", 2);
    client.pull(connection);
    rebase(start, epoch("b"));
    clock.flush();
    expect(said(client.pull(connection))).toStrictEqual(["repaired 1"]);
    expect([client.state, client.id]).toStrictEqual([{ a: 2 }, `${epoch("b")}.1`]);
    expect(follow(stream, { lastEventId: `${epoch("a")}.1` }).pull()).toMatchObject([{ reason: "epoch" }]);
  });

  test("within a batch comes after it, so that its patches build on what clients have", () => {
    const origin = originOf({ a: { n: 1, m: 1 } });
    const start = origin.checkpoint();
    origin.stream.patch("a", [{ op: "remove", path: "/m" }]);
    origin.stream.batch(() => {
      origin.stream.patch("a", [{ op: "replace", path: "/n", value: 2 }]);
      origin.rebase(start, epoch("b"));
    });
    const { copy } = emptyCopy(origin.clock);
    copy.adopt(start, []);
    copy.follow(origin.commits.at(-1) as Commit);
    expect([copy.state, copy.position?.epoch]).toStrictEqual([{ a: { n: 2 } }, epoch("b")]);
  });

  test("of a source whose state cannot be read is completed by its next change", () => {
    let [state, fails]: [Slices, boolean] = [{ a: 1 }, false];
    let notify = (): void => undefined;
    const getState = (): Slices => {
      if (fails) throw new Error("not now");
      return state;
    };
    const source = { getState, subscribe: (fn: () => void) => ((notify = fn), () => undefined) };
    const commits: Commit[] = [];
    const { clock, checkpoint } = originOf({ a: 0, b: 0 });
    const to = { epoch: epoch("b"), onCommit: (commit: Commit) => void commits.push(commit) };
    const continued = continueStream<Slices>({ source, onError: () => undefined }, to, clock.clock);
    fails = true;
    continued.rebase(checkpoint(), epoch("c"));
    expect([commits.length, continued.stream.state]).toStrictEqual([0, { a: 0, b: 0 }]);
    fails = false;
    state = { a: 2 };
    notify();
    expect([commits.length, continued.stream.state]).toStrictEqual([1, { a: 2 }]);
  });

  test("forgets failures before it", () => {
    const origin = originOf({ a: 1 }, { onError: () => undefined });
    const start = origin.checkpoint();
    origin.stream.set("a", 1n);
    origin.rebase(start, epoch("b"));
    origin.stream.set("a", { n: 1 });
    origin.stream.patch("a", [{ op: "replace", path: "/n", value: 2 }]);
    const { copy } = emptyCopy(origin.clock);
    copy.adopt(start, origin.commits);
    expect(copy.state).toStrictEqual({ a: { n: 2 } });
  });
});

test("onCommit is called inside the change, even if the log may hold nothing", () => {
  const origin = originOf({ a: 1 }, { maxLogEvents: 0, maxLogBytes: 0 });
  origin.stream.batch(() => {
    origin.stream.set("a", 2);
    origin.stream.set("b", 2);
    expect(origin.commits).toHaveLength(0);
  });
  expect(origin.commits).toMatchObject([{ first: 1, last: 2 }]);
});
