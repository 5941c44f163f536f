import { describe, expect, test } from "vitest";
import { copyOf, emptyCopy, epoch, join, originOf, said } from "../support/copies.ts";
import { chunksOf, textOf } from "../support/streams.ts";

/** A copy at seq 2 of an origin that is at seq 4, and what a client of the origin had at 4. */
function behind() {
  const origin = originOf({ a: 0 });
  for (const n of [1, 2]) origin.stream.set("a", n);
  const made = copyOf(origin);
  for (const n of [3, 4]) origin.stream.set("a", n);
  const ahead = copyOf(origin).copy;
  const { client, pull } = join(ahead);
  pull();
  return { ...made, origin, bookmark: client.bookmark };
}

describe("a client that comes before there is a state", () => {
  test("gets its retry line, waits without notifications, and gets the state once there is one", () => {
    const origin = originOf({ a: 1 });
    const { copy, waited } = emptyCopy(origin.clock, { heartbeatMs: 1000 });
    const connection = copy.connect();
    expect(waited()).toBe(1);
    let woken = 0;
    connection.onReadable(() => void woken++);
    origin.clock.flush();
    expect([woken, textOf(chunksOf(connection))]).toStrictEqual([1, "retry: 2000\n"]);
    copy.settle({ ahead: true });
    copy.stale = true;
    copy.stale = false;
    origin.clock.advance(5000);
    expect([woken, connection.read(), connection.closed]).toStrictEqual([1, undefined, false]);
    copy.adopt(origin.checkpoint(), []);
    origin.clock.flush();
    expect(woken).toBe(2);
    expect(textOf(chunksOf(connection))).toContain('"reason":"connect"');
  });

  test("gets a snapshot with the reason when its ID is invalid, and resumes when it is known", () => {
    const { origin, bookmark } = behind();
    const { copy } = emptyCopy(origin.clock);
    const clients = [join(copy, { lastEventId: "nonsense" }), join(copy, {}, bookmark)];
    for (const { pull } of clients) expect(pull()).toStrictEqual([]);
    copy.adopt(origin.checkpoint(), origin.commits);
    expect(clients.map(({ pull }) => said(pull()))).toStrictEqual([["invalid-id 4"], ["at 4"]]);
    expect(clients.map(({ connection }) => connection.resumed)).toStrictEqual([false, true]);
  });

  test("is forgotten when it leaves", () => {
    const { clock, checkpoint } = originOf({ a: 1 });
    const { copy } = emptyCopy(clock);
    const closed: string[] = [];
    const connection = copy.connect({ onClose: (reason) => void closed.push(reason) });
    connection.close();
    copy.connect({ signal: AbortSignal.abort(), onClose: (reason) => void closed.push(reason) });
    copy.adopt(checkpoint(), []);
    copy.settle({ ahead: true });
    copy.refuse();
    expect([closed, connection.read(), copy.stats().connections]).toStrictEqual([
      ["disconnected", "disconnected"],
      undefined,
      0,
    ]);
  });

  test.each([true, false])(
    "gets unavailable when no state is to come, whether or not it was read before (%s)",
    (greeted) => {
      const { clock, checkpoint } = originOf({ a: 1 });
      const { copy } = emptyCopy(clock);
      const { connection, pull, client } = join(copy);
      if (greeted) pull();
      copy.refuse();
      copy.adopt(checkpoint(), []);
      expect(said(pull())).toStrictEqual(["unavailable"]);
      expect([client.id, connection.closeReason]).toStrictEqual([undefined, "unavailable"]);
    },
  );

  test("gets the end of the stream, and its own", async () => {
    const { clock } = originOf({ a: 1 });
    const { copy } = emptyCopy(clock);
    const [one, two] = [join(copy), join(copy, { expiresAt: 10 })];
    one.pull();
    two.pull();
    clock.advance(20);
    expect(said(two.pull())).toStrictEqual(["expired"]);
    const closed = copy.close();
    expect(said(one.pull())).toStrictEqual(["closed"]);
    await closed;
  });

  test("may read events, and costs no turn while it waits", async () => {
    const origin = originOf({ a: 1 });
    const { copy } = emptyCopy(origin.clock);
    const events = copy.connect()[Symbol.asyncIterator]();
    const first = events.next();
    // A consumer that spins would have the clock run out of turns.
    for (let turn = 0; turn < 20; turn++) {
      await Promise.resolve();
      origin.clock.flush();
    }
    copy.adopt(origin.checkpoint(), []);
    origin.clock.flush();
    expect((await first).value).toMatchObject({
      event: "state.initial",
      data: expect.stringContaining('"reason":"connect"') as string,
    });
  });
});

describe("a client that is ahead of the copy", () => {
  test("resumes once the copy has come to it", () => {
    const { copy, waited, origin, bookmark } = behind();
    const { connection, pull } = join(copy, {}, bookmark);
    expect([waited(), pull()]).toStrictEqual([1, []]);
    copy.settle({ ahead: false });
    copy.follow(origin.commits[2] as never);
    expect([pull(), connection.resumed]).toStrictEqual([[], false]);
    copy.follow(origin.commits[3] as never);
    expect([said(pull()), connection.resumed]).toStrictEqual([["at 4"], true]);
  });

  test("gets the state of the copy when it must not wait any longer", () => {
    const { copy, bookmark } = behind();
    const { pull } = join(copy, {}, bookmark);
    copy.settle({ ahead: true });
    expect(said(pull())).toStrictEqual(["epoch 2"]);
  });

  test("does not keep others waiting", () => {
    const { copy, waited } = behind();
    expect(said(join(copy).pull())).toStrictEqual(["connect 2"]);
    expect(said(join(copy, { lastEventId: `${epoch("a")}.1` }).pull())).toStrictEqual(["at 1", "a 2"]);
    expect(waited()).toBe(0);
  });
});

test("a client of another branch waits until it is known that its position is not one of this log", () => {
  const { copy, waited } = behind();
  const { pull } = join(copy, { lastEventId: `${epoch("b")}.2` });
  expect([waited(), pull()]).toStrictEqual([1, []]);
  copy.settle({ ahead: false });
  expect(said(pull())).toStrictEqual(["epoch 2"]);
});
