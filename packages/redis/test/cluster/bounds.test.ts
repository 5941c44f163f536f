import { expect, test } from "vitest";
import { Client, Cluster } from "../support/nodes.ts";

interface Counter {
  count: number;
  text: string;
}

const MIB = 1024 * 1024;

test("what streams that change for half an hour take on the nodes does not grow after the first five minutes", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writers = Array.from({ length: 10 }, (_, index) =>
    a.backplane.writer<Counter>(`stream ${index}`, { initialState: { count: 0, text: "" } }),
  );
  await cluster.settle();
  for (let index = 0; index < 10; index++) void new Client(b.backplane.streams.get(`stream ${index}`).connect());
  await cluster.settle();
  const bytes: (readonly [number, number])[] = [];
  for (let minute = 1; minute <= 30; minute++) {
    for (let change = 0; change < 15; change++) {
      for (const writer of writers) {
        writer.set("count", (count) => count + 1);
        writer.set("text", "x".repeat(300));
        writer.set("text", "");
      }
      await cluster.pass(4000, 4000);
    }
    bytes.push([a.backplane.stats().bytes, b.backplane.stats().bytes]);
  }
  const [[early, earlyB], [late, lateB]] = [bytes[6], bytes[29]] as [[number, number], [number, number]];
  expect(late / early).toBeLessThan(1.1);
  expect(lateB / earlyB).toBeLessThan(1.1);
  // The writers' node has the commits of the last half minute besides.
  expect(late).toBeGreaterThan(lateB);
  // A node that writes nothing any more has none of them.
  await cluster.pass(40_000, 4000);
  expect(a.backplane.stats().bytes).toBeLessThan(lateB * 1.1);
}, 60_000);

test("while the engine cannot be reached, writers keep a quarter of maxBytes at most, and nothing is lost", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node({ maxBytes: 4 * MIB }), cluster.node()];
  const writers = Array.from({ length: 10 }, (_, index) =>
    a.backplane.writer<Counter>(`stream ${index}`, { initialState: { count: 0, text: "" } }),
  );
  await cluster.settle();
  const clients = writers.map((_, index) => new Client(b.backplane.streams.get(`stream ${index}`).connect()));
  await cluster.settle();
  const before = a.backplane.stats().bytes;
  a.engine.cut();
  let most = 0;
  for (let change = 1; change <= 100; change++) {
    for (const writer of writers) writer.set("text", `${change}`.padEnd(10_000));
    most = Math.max(most, a.backplane.stats().bytes - before);
  }
  expect(most).toBeGreaterThan(MIB / 2);
  expect(most).toBeLessThan(1.1 * MIB);
  a.engine.mend();
  await cluster.pass(5000);
  await Promise.all(writers.map((writer) => writer.flushed()));
  await cluster.settle();
  for (const client of clients) expect(client.received.at(-1)).toMatchObject({ slice: "text" });
  for (let index = 0; index < 10; index++)
    expect(b.backplane.streams.get(`stream ${index}`).state).toStrictEqual({ count: 0, text: "100".padEnd(10_000) });
});
