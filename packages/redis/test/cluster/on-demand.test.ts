import { expect, test } from "vitest";
import type { OwnStateWriter } from "../../src/cluster/state-writer.ts";
import { Cluster, type Node } from "../support/nodes.ts";
import { settled } from "../support/settled.ts";

interface Game {
  score: number;
}

/** Starts games on demand; gives the keys of those that were started. */
function games({ backplane }: Node, idleMs = 10_000): { started: string[]; stop: () => void } {
  const started: string[] = [];
  const stop = backplane.onDemand(
    "game:",
    (key) => {
      started.push(key);
      const game: OwnStateWriter<Game> = backplane.writer<Game>(key, {
        initialState: { score: 0 },
        onCommand(points) {
          if (typeof points === "number") game.set("score", (score) => score + points);
          return game.state.score;
        },
      });
      return game;
    },
    { idleMs },
  );
  return { started, stop };
}

test("a command without a leader starts a writer on its node, which then serves the commands of all nodes", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const [onA, onB] = [games(a), games(b)];
  expect(await settled(cluster, a.backplane.send("game:7", 2))).toBe(2);
  expect(await settled(cluster, b.backplane.send("game:7", 3))).toBe(5);
  expect([onA.started, onB.started]).toStrictEqual([["game:7"], []]);
  const other = a.backplane.send("chat:7", 1, { timeoutMs: 500 });
  await Promise.all([expect(other).rejects.toMatchObject({ code: "timeout" }), cluster.pass(1000)]);
});

test("a writer without commands and changes is closed, and the next command continues its state on another node", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const [onA, onB] = [games(a), games(b)];
  await settled(cluster, a.backplane.send("game:7", 2));
  for (let second = 0; second < 30; second += 5) {
    await cluster.pass(5000);
    await settled(cluster, b.backplane.send("game:7", "only asks"));
  }
  expect(a.backplane.stats().leading).toBe(1);
  await cluster.pass(21_000);
  expect(a.backplane.stats()).toMatchObject({ leading: 0, standby: 0 });
  expect(await settled(cluster, b.backplane.send("game:7", 1))).toBe(3);
  expect([onA.started, onB.started]).toStrictEqual([["game:7"], ["game:7"]]);
});

test("no command is lost while an idle writer closes", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  games(a, 1000);
  games(b, 1000);
  for (let sent = 1; sent <= 40; sent++) {
    const { backplane } = sent % 2 === 0 ? a : b;
    expect(await settled(cluster, backplane.send("game:7", 1))).toBe(sent);
    // Steps that differ, so that commands meet every phase of closing.
    await cluster.pass(900 + sent * 30, 10);
  }
});

test("a node that no longer starts writers, or whose start throws, leaves a command unanswered and reports the error", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  const { started, stop } = games(a);
  stop();
  a.backplane.onDemand("game:", () => {
    throw new Error("no games today");
  });
  const sent = a.backplane.send("game:7", 1, { timeoutMs: 200 });
  await Promise.all([expect(sent).rejects.toMatchObject({ code: "timeout" }), cluster.pass(1000)]);
  expect(started).toStrictEqual([]);
  expect(a.errors[0]).toMatchObject({ code: "listener-failed", message: expect.stringContaining("game:7") });
  expect(() => a.backplane.onDemand("game:", () => undefined as never, { idleMs: 0 })).toThrow(
    expect.objectContaining({ code: "invalid-option" }),
  );
});

test("closing the backplane closes writers that were started on demand, and leaves no timer", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  games(a);
  await settled(cluster, a.backplane.send("game:7", 1));
  await Promise.all([a.backplane.close(), cluster.settle()]);
  expect(cluster.clock.timers).toBe(0);
});
