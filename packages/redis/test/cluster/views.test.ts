import { EventEmitter } from "node:events";
import type { StateViews } from "@statestream/core";
import { expect, test } from "vitest";
import { Client, Cluster, type Node } from "../support/nodes.ts";

interface Table {
  board: number;
  hands: Record<string, string[]>;
}

const project = ({ board, hands }: { board: number; hands: Record<string, string[]> }, player: string) => ({
  board,
  hand: hands[player] ?? [],
});

/** The views of one stream on each of two nodes; the first node leads the stream. */
function tables() {
  const cluster = new Cluster();
  const nodes = [cluster.node({ idleMs: 1000, checkMs: 500 }), cluster.node({ idleMs: 1000, checkMs: 500 })];
  const initialState: Table = { board: 0, hands: { ann: ["ace"], bob: ["two"] } };
  const writer = (nodes[0] as Node).backplane.writer("table", { initialState });
  const views = nodes.map(({ backplane }) =>
    cluster.clock.createStateViews(backplane.streams.get<Table>("table"), project, { idleMs: 1000 }),
  );
  return {
    cluster,
    nodes,
    writer,
    views: views as [StateViews<ReturnType<typeof project>>, StateViews<ReturnType<typeof project>>],
  };
}

function lastState({ events }: Client): unknown {
  return events.findLast((event) => event.type === "state.initial")?.slices;
}

test("views of a stream of the backplane join it, follow it and let it be forgotten", async () => {
  const { cluster, nodes, writer, views } = tables();
  const [, served] = views;
  const ann = new Client(served.get("ann").connect());
  await cluster.settle();
  expect(lastState(ann)).toEqual({ board: 0, hand: ["ace"] });
  writer.set("hands", { ann: ["ace", "king"], bob: ["secret of bob"] });
  await cluster.settle();
  expect(ann.events.at(-1)).toMatchObject({ slice: "hand", patches: [{ op: "add", value: "king" }] });
  expect(JSON.stringify(ann.events)).not.toContain("secret of bob");
  await cluster.pass(5000);
  expect(nodes[1]?.backplane.stats().streams).toBe(1);
  ann.connection.close();
  await cluster.pass(5000);
  expect(served.size).toBe(0);
  expect(nodes[1]?.backplane.stats().streams).toBe(0);
});

test("a client of a view that comes back to another node gets a snapshot there", async () => {
  const { cluster, views } = tables();
  const ann = new Client(views[0].get("ann").connect());
  await cluster.settle();
  ann.connection.close();
  const moved = new Client(views[1].get("ann").connect({ lastEventId: ann.lastEventId }));
  await cluster.settle();
  expect(moved.snapshots).toEqual(["epoch"]);
  expect(lastState(moved)).toEqual({ board: 0, hand: ["ace"] });
});

test("closing the backplane ends the views of this node with the reason of the stream", async () => {
  const { cluster, nodes, views } = tables();
  const ann = new Client(views[1].get("ann").connect());
  await cluster.settle();
  await Promise.all([nodes[1]?.backplane.close({ reason: "draining" }), cluster.settle()]);
  expect(ann.events.at(-1)).toMatchObject({ type: "state.end", reason: "draining" });
  expect(views[1].get("ann").closing).toMatchObject({ reason: "draining" });
});

test("a user is revoked on every node by a message on the application's own channel, and nobody else is", async () => {
  const { cluster, views } = tables();
  // In an application: Redis pub/sub, or whatever its nodes have in common.
  const channel = new EventEmitter();
  for (const own of views) {
    channel.on("revoked", (user: string) => {
      for (const connection of own.connections) if (connection.context === user) connection.end("revoked");
    });
  }
  const connect = (node: 0 | 1, user: string): Client => new Client(views[node].get(user).connect({ context: user }));
  const [ann, tab, bob] = [connect(0, "ann"), connect(1, "ann"), connect(1, "bob")];
  await cluster.settle();
  channel.emit("revoked", "ann");
  await cluster.settle();
  for (const { events } of [ann, tab])
    expect(events.at(-1)).toMatchObject({ type: "state.end", reason: "revoked", retry: false });
  expect(bob.connection.closed).toBe(false);
});
