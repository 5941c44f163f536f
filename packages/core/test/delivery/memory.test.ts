import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import type { Connection } from "../../src/index.ts";
import { chunksOf, filler, followed, setup } from "../support/streams.ts";

// Collecting garbage takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes in use, of objects and buffers, after everything unreachable is gone. */
async function inUse(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect();
    // Buffers are given back in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const MIB = 1024 * 1024;

test("clients that read nothing cost a position each, whatever happens meanwhile", async () => {
  const { stream, clock } = setup({ n: 0, text: "" }, { maxStallMs: 1e9, maxLogBytes: MIB });
  const connections: Connection[] = Array.from({ length: 1000 }, () => stream.connect());
  const change = (from: number, to: number): void => {
    for (let n = from; n < to; n++) {
      stream.set("text", `${n}${filler(1000)}`);
      if (n % 10 === 0) clock.flush();
    }
    clock.flush();
  };
  change(0, 2000);
  const before = await inUse();
  change(2000, 20_000);
  const grown = (await inUse()) - before;
  expect(connections.every(({ closed }) => !closed)).toBe(true);
  expect(stream.stats().logBytes).toBeLessThanOrEqual(MIB);
  expect(grown).toBeLessThan(MIB);
});

test("one client that stopped reading a large state holds one snapshot, however often that changes", async () => {
  const { stream, clock } = setup({ a: filler(MIB) }, { maxStallMs: 1e9, maxLogBytes: 4 * MIB });
  const blocked = stream.connect();
  blocked.read();
  blocked.read();
  const reader = followed(stream);
  const before = await inUse();
  for (let n = 0; n < 100; n++) {
    stream.set("a", `${n}${filler(MIB)}`);
    clock.flush();
    for (let bytes = reader.connection.read(); bytes !== undefined; bytes = reader.connection.read());
  }
  const grown = (await inUse()) - before;
  expect(blocked.closed).toBe(false);
  expect(grown).toBeLessThan(12 * MIB);
});

test.each<[string, (rows: number[], n: number) => number[]]>([
  ["does not change", (rows) => rows],
  ["grows before each connect", (rows, n) => [...rows, n]],
])(
  "300 selections of a slice of 1 MB that %s hold at most 3 MB and connect in 0.3 s of processor time",
  async (_, next) => {
    const big = Object.fromEntries(Array.from({ length: 10_000 }, (_member, n) => [`record-${n}`, filler(80)]));
    const { stream, clock } = setup({ big: { records: big, rows: [] as number[] } });
    const reader = stream.connect({ slices: ["big"] });
    chunksOf(reader);
    const before = await inUse();
    let connectingMs = 0;
    const connections = Array.from({ length: 300 }, (_connection, n) => {
      const { records, rows } = stream.state["big"] as { records: object; rows: number[] };
      stream.set("big", { records, rows: next(rows, n) });
      clock.flush();
      chunksOf(reader);
      const started = process.cpuUsage();
      const connection = stream.connect({ slices: ["big", `no-${n}`] });
      connection.read();
      connection.read();
      const { user, system } = process.cpuUsage(started);
      connectingMs += (user + system) / 1000;
      return connection;
    });
    const grown = (await inUse()) - before;
    expect(connections.every(({ closed }) => !closed)).toBe(true);
    expect(grown).toBeLessThan(3 * MIB);
    // Time of the processor, which other programs on the machine do not add to.
    expect(connectingMs).toBeLessThan(300);
    for (const connection of connections) connection.close();
  },
);

test("100 clients with a shared slice of 1 MB and one of their own share its bytes", async () => {
  const own = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`user-${n}`, filler(1000)]));
  const { stream } = setup({ shared: filler(MIB), ...own });
  followed(stream).connection.close();
  const before = await inUse();
  const connections = Array.from({ length: 100 }, (_, n) => stream.connect({ slices: ["shared", `user-${n}`] }));
  for (const connection of connections) {
    connection.read();
    connection.read();
    connection.read();
  }
  expect((await inUse()) - before).toBeLessThan(10 * MIB);
  expect(stream.stats().connections).toBe(100);
});

test("a closed connection, its context and its listener are not kept in memory", async () => {
  const { stream, clock } = setup({ a: filler(1000) });
  const stays = followed(stream);
  const refs = Array.from({ length: 10 }, () => {
    const context = { big: filler(1000) };
    const { connection, pull } = followed(stream, { context, slices: ["a"] });
    connection.onReadable(() => pull());
    stream.set("a", filler(1000));
    connection.close();
    return [new WeakRef(connection), new WeakRef(context)];
  }).flat();
  clock.flush();
  await inUse();
  expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
  expect(stays.connection.closed).toBe(false);
});

test("an open connection costs little", async () => {
  const { stream } = setup({ a: 1 });
  const before = await inUse();
  const connections = Array.from({ length: 2000 }, () => followed(stream).connection);
  const each = ((await inUse()) - before) / connections.length;
  expect(each).toBeLessThan(2048);
});

test("slices that come and go leave no trace beyond maxLogEvents names", async () => {
  const { stream, clock } = setup({}, { maxLogEvents: 100 });
  const churn = (from: number, to: number): void => {
    for (let n = from; n < to; n++) {
      stream.set(`room-${n}`, n);
      stream.remove(`room-${n}`);
    }
    clock.flush();
  };
  churn(0, 5000);
  const before = await inUse();
  churn(5000, 50_000);
  expect((await inUse()) - before).toBeLessThan(MIB / 2);
});
