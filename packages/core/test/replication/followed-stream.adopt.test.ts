import { describe, expect, test } from "vitest";
import type { ConnectionEvent } from "../../src/index.ts";
import type { Commit } from "../../src/replication/commit.ts";
import { copyOf, epoch, join, originOf, said } from "../support/copies.ts";
import { chunksOf, filler, type Slices, textOf } from "../support/streams.ts";

/** A copy that has come to seq 1, and checkpoints of another branch: before, at and after that. */
function diverged(initial: Slices = { a: 0 }) {
  const origin = originOf(initial);
  const { copy } = copyOf(origin, { heartbeatMs: 1000, maxStallMs: 100_000 });
  const start = origin.checkpoint();
  origin.stream.set("a", "left");
  const adopt = (changes: number): void => {
    origin.rebase(start, epoch(`b${changes}`));
    for (let n = 1; n <= changes; n++) origin.stream.set("a", n);
    copy.adopt(origin.checkpoint(), []);
    origin.clock.flush();
  };
  return { origin, copy, start, adopt, left: origin.commits[0] as Commit };
}

describe("a copy that adopts another state sends it to a client that", () => {
  test("has received everything", () => {
    const { origin, copy, adopt, left } = diverged();
    const { client, connection, pull } = join(copy);
    pull();
    copy.follow(left);
    pull();
    adopt(3);
    const events = pull();
    expect(said(events)).toStrictEqual(["repaired 4"]);
    // What it had received of the first epoch is not in the state any more, and the snapshot says so.
    expect(events).toMatchObject([{ ended: [`${epoch("a")}.0`] }]);
    expect([client.state, client.id, connection.resumed]).toStrictEqual([{ a: 3 }, origin.stream.eventId, false]);
  });

  test("has not been read yet, once, with the reason of its own connecting", () => {
    const { copy, adopt } = diverged();
    const { pull } = join(copy);
    adopt(2);
    expect(said(pull())).toStrictEqual(["connect 3"]);
  });

  test("was to resume and has not received anything", () => {
    const { copy, adopt } = diverged();
    const { connection, pull } = join(copy, { lastEventId: `${epoch("a")}.0` });
    expect(connection.resumed).toBe(true);
    adopt(2);
    expect([said(pull()), connection.resumed]).toStrictEqual([["repaired 3"], false]);
  });

  test("has unread events of the abandoned state", () => {
    const { copy, adopt, left } = diverged();
    const { client, pull } = join(copy);
    pull();
    copy.follow(left);
    adopt(2);
    expect(said(pull())).toStrictEqual(["repaired 3"]);
    expect(client.state).toStrictEqual({ a: 2 });
  });

  test("holds a part of a chunk, after the rest of that", () => {
    const { copy, adopt } = diverged({ a: filler(100_000) });
    const { client, pull } = join(copy);
    pull(2);
    expect(client.events).toHaveLength(0);
    adopt(1);
    expect(said(pull())).toStrictEqual(["connect 0", "repaired 2"]);
    expect(client.state).toStrictEqual({ a: 1 });
  });

  test("is ending, before its end", () => {
    const { copy, adopt } = diverged();
    const { connection, pull } = join(copy);
    pull();
    connection.end("draining");
    adopt(2);
    expect(said(pull())).toStrictEqual(["repaired 3", "draining"]);
  });

  test("has a state.end already, not at all", () => {
    const { copy, adopt } = diverged();
    const { connection, pull } = join(copy);
    pull();
    connection.end("draining");
    expect(said(pull(1))).toStrictEqual(["draining"]);
    adopt(2);
    expect([pull(), connection.closeReason]).toStrictEqual([[], "draining"]);
  });

  test("selects nothing of it", () => {
    const { copy, adopt } = diverged();
    const { client, pull } = join(copy, { slices: [] });
    pull();
    adopt(2);
    expect(said(pull())).toStrictEqual(["repaired 3"]);
    expect(client.state).toStrictEqual({});
  });

  test("reads events, one by one", async () => {
    const { copy, adopt, origin } = diverged();
    const events = copy.connect()[Symbol.asyncIterator]();
    await events.next();
    const next = events.next();
    origin.clock.flush();
    adopt(2);
    const { data } = (await next).value as ConnectionEvent;
    expect(JSON.parse(data)).toMatchObject({ reason: "repaired", slices: { a: 2 } });
  });
});

test("the adopted state may be an older one", () => {
  const { origin, copy, start, left } = diverged();
  const { client, pull } = join(copy);
  pull();
  copy.follow(left);
  pull();
  copy.adopt(start, []);
  origin.clock.flush();
  expect(said(pull())).toStrictEqual(["repaired 0"]);
  expect(client.state).toStrictEqual({ a: 0 });
  origin.rebase(start, epoch("b"));
  copy.follow({ ...(origin.commits[1] as Commit) });
  expect(said(pull())).toStrictEqual(["a 1"]);
});

test("a change between an adoption and its flush is sent once", () => {
  const origin = originOf({ a: 0 });
  const { copy } = copyOf(origin);
  const { pull } = join(copy);
  pull();
  origin.stream.set("a", 1);
  copy.follow(origin.commits[0] as Commit);
  copy.adopt(origin.checkpoint(), []);
  pull();
  for (const n of [2, 3]) {
    origin.stream.set("a", n);
    copy.follow(origin.commits.at(-1) as Commit);
    expect(said(pull())).toStrictEqual([`a ${n}`]);
  }
});

test("a slice that disappears may have been hidden, so connections that have sent a part of it are cut off, and only those", () => {
  const origin = originOf({ a: 0, secret: filler(100_000), long: filler(100_000) });
  const { copy } = copyOf(origin);
  const all = join(copy);
  const others = join(copy, { slices: ["long"] });
  for (const { pull } of [all, others]) pull(2);
  origin.stream.remove("secret");
  copy.adopt(origin.checkpoint(), []);
  origin.clock.flush();
  expect([all.connection.closeReason, all.pull()]).toStrictEqual(["revoked", []]);
  expect(said(others.pull())).toStrictEqual(["connect 0", "repaired 1"]);
});

test("the earlier events of a slice that a commit hides are not replayed, and a partial chunk is not continued", () => {
  const hiding = originOf({ secret: filler(100_000), show: true }, { slices: (state) => (state["show"] ? ["secret", "show"] : ["show"]) }); // prettier-ignore
  const { copy } = copyOf(hiding);
  const { connection, pull } = join(copy);
  pull(2);
  hiding.stream.set("secret", "shown");
  hiding.stream.set("show", false);
  for (const commit of hiding.commits) copy.follow(commit);
  hiding.clock.flush();
  expect(connection.closeReason).toBe("revoked");
  const late = copyOf(hiding).copy;
  for (const stream of [copy, late]) {
    const back = join(stream, { lastEventId: `${epoch("a")}.0` });
    expect(said(back.pull())).toStrictEqual(["trimmed 3"]);
  }
});

describe("while the state may be old", () => {
  test("every client gets stale at once, and a heartbeat without it when that is over", () => {
    const { copy, origin } = diverged();
    const { pull } = join(copy);
    pull();
    let woken = 0;
    const iterated = copy.connect();
    iterated.onReadable(() => void woken++);
    copy.stale = true;
    copy.stale = true;
    expect([said(pull()), woken]).toStrictEqual([["at 0 stale"], 1]);
    copy.stale = false;
    expect(said(pull())).toStrictEqual(["at 0"]);
    origin.clock.advance(1000);
    expect(said(pull())).toStrictEqual(["at 0"]);
  });

  test("a new client gets stale with its state", () => {
    const { copy } = diverged();
    copy.stale = true;
    expect(said(join(copy).pull())).toStrictEqual(["connect 0", "at 0 stale"]);
    expect(said(join(copy, { lastEventId: `${epoch("a")}.0` }).pull())).toStrictEqual(["at 0 stale"]);
  });

  test("listeners may read, settle, end the staleness and close other connections", () => {
    const { copy } = diverged();
    const heard: string[] = [];
    const [one, two] = [join(copy), join(copy)];
    for (const { pull } of [one, two]) pull();
    one.connection.onReadable(() => {
      heard.push(...said(one.pull()));
      copy.settle({ ahead: true });
      copy.stale = false;
      two.connection.close();
    });
    copy.stale = true;
    expect([heard, two.connection.closed, copy.stale]).toStrictEqual([["at 0 stale", "at 0"], true, false]);
  });
});

test("a position older than the log and 32 epochs has no ID, so that a client that was to resume there gets a snapshot, and one that ends there keeps its own ID", () => {
  const origin = originOf({ a: 0 });
  const { copy } = copyOf(origin, { maxLogEvents: 10 });
  const ending = join(copy, { slices: ["b"] });
  ending.pull();
  const { connection, pull } = join(copy, { lastEventId: `${epoch("a")}.0` });
  expect(connection.resumed).toBe(true);
  for (let n = 1; n <= 33; n++) {
    origin.rebase(origin.checkpoint(), epoch(n));
    origin.stream.set("a", n);
  }
  for (const commit of origin.commits) copy.follow(commit);
  expect([said(pull()), connection.resumed]).toStrictEqual([["trimmed 33"], false]);
  ending.connection.end("revoked");
  expect(textOf(chunksOf(ending.connection))).toMatch(/^event: state.end\ndata: [^\n]*\n\n$/);
});
