import { expect, test } from "vitest";
import { Follower } from "../src/clients/follower.ts";
import { frameOf, snapshotOf, updateOf } from "../src/servers/protocol.ts";

const snapshot = (seq: number): Buffer => frameOf(snapshotOf({ r0: { text: "x".repeat(500) } }, seq));
const update = (seq: number): Buffer => frameOf(updateOf({ seq, operations: [] }));

/** A follower of a stream that comes in pieces of a size. */
function follow(frames: readonly Buffer[], size: number): Follower {
  const follower = new Follower();
  const bytes = Buffer.concat(frames);
  for (let at = 0; at < bytes.length; at += size) follower.take(bytes.subarray(at, at + size));
  return follower;
}

const stream = [snapshot(1234), update(1235), update(1236), update(1237)];

test.each([1, 2, 7, 64, 65, 300, 10_000])("counts every update once, in pieces of %i bytes", (size) => {
  const { seq, updates, snapshots, gaps } = follow(stream, size);
  expect({ seq, updates, snapshots, gaps }).toEqual({ seq: 1237, updates: 3, snapshots: 1, gaps: 0 });
});

test.each([1, 50, 10_000])("sees a missing update, in pieces of %i bytes", (size) => {
  const { seq, gaps } = follow([snapshot(0), update(1), update(3)], size);
  expect({ seq, gaps }).toEqual({ seq: 1, gaps: 1 });
});

test("sees an update that came twice", () => {
  expect(follow([snapshot(0), update(1), update(1)], 10_000).gaps).toBe(1);
});

test("goes on from a later snapshot", () => {
  const { seq, snapshots, gaps } = follow([snapshot(0), update(1), snapshot(9), update(10)], 10_000);
  expect({ seq, snapshots, gaps }).toEqual({ seq: 10, snapshots: 2, gaps: 0 });
});

test("takes the end of a stream for no snapshot", () => {
  const end = Buffer.from(
    'event: state.end\ndata: {"type":"state.end","reason":"closed","retry":true,"timestamp":1}\n\n',
  );
  const { seq, snapshots } = follow([snapshot(5), end], 10);
  expect({ seq, snapshots }).toEqual({ seq: 5, snapshots: 1 });
});

test("passes on the seq of each update", () => {
  const seqs: number[] = [];
  new Follower((seq) => seqs.push(seq), 0).take(Buffer.concat([update(1), update(2)]));
  expect(seqs).toEqual([1, 2]);
});
