import { describe, expect, test } from "vitest";
import { checkFacts } from "../src/check/check.ts";
import type { Invariant } from "../src/check/findings.ts";
import type { FaultName } from "../src/schedule.ts";
import { hashOf } from "../src/state.ts";
import { E1, E2, entry, healthy, idOf, stateAt, type Story } from "./support/story.ts";

/** The invariants that are violated, each once, with the text about the first. */
function verdictOf({ facts }: Story): { broken: Invariant[]; first: string } {
  const { violations } = checkFacts(facts).findings;
  return { broken: [...new Set(violations.map(({ invariant }) => invariant))], first: violations[0]?.what ?? "" };
}

function faulted(story: Story, fault: FaultName, targets: readonly string[], ms: number): Story {
  story.add("rig", { kind: "fault", n: story.facts.length, fault, targets });
  const n = story.facts.length - 1;
  return story.add("rig", { kind: "healed", n }, ms);
}

test("finds nothing in a run in which nothing is wrong", () => {
  const { findings, acknowledged, states, arrivals } = checkFacts(healthy().end(E1, 2).facts);
  expect(findings.violations).toEqual([]);
  expect({ acknowledged, states, clients: arrivals.clients }).toEqual({ acknowledged: 2, states: 3, clients: "1/1" });
});

describe("I1: one position, one state", () => {
  test("two contents under one position", () => {
    const story = healthy()
      .publish("writer-2", "owner-1", [entry(E1, E1, 2, 7)], "conflict")
      .end(E1, 2);
    expect(verdictOf(story)).toEqual({ broken: ["I1"], first: `two contents were given the position ${E1}.2` });
  });

  test("one content on two bases", () => {
    const story = healthy()
      .publish("writer-2", "owner-1", [entry(E1, E2, 2)], "conflict")
      .end(E1, 2);
    expect(verdictOf(story).broken).toEqual(["I1"]);
  });

  test("a position that nobody made", () => {
    const story = healthy().event("client-1", 1, "state.update", idOf(E2, 3)).end(E1, 2);
    expect(verdictOf(story)).toMatchObject({ first: `client-1 received ${E2}.3, which no writer made` });
  });
});

describe("I2: every state is the writer's", () => {
  test("a client with another state", () => {
    const story = healthy().event("client-1", 1, "heartbeat", idOf(E1, 2), { hash: "another" }).end(E1, 2);
    expect(verdictOf(story)).toEqual({
      broken: ["I2"],
      first: `client-1 has another state at ${E1}.2 than the writer`,
    });
  });

  test("a node with another state", () => {
    const sample = { kind: "sample", node: "node-1", rss: 0, connections: 1 } as const;
    const story = healthy()
      .add("rig", { ...sample, eventId: idOf(E1, 2), hash: "another" })
      .end(E1, 2);
    expect(verdictOf(story).broken).toEqual(["I2"]);
  });

  test("a checkpoint that is not what its entries make", () => {
    const story = healthy().install("writer-1", "owner-1", E1, 2, stateAt(3)).end(E1, 2);
    expect(verdictOf(story).broken).toEqual(["I2"]);
  });

  test("an entry that is not what the application had", () => {
    const change = { type: "state.update", slice: "op", seq: 3, base: 0, value: { by: "writer-1.1", n: 1 } };
    const story = healthy()
      .add("writer-1", { kind: "operation", by: "writer-1.1", n: 1, hash: "what it had" })
      .publish("writer-1", "owner-1", [{ ...entry(E1, E1, 3), body: `0\n${JSON.stringify(change)}` }])
      .end(E1, 2);
    expect(verdictOf(story).first).toMatch(/is not what writer-1.1 had after operation 1/);
  });

  test("a client that could not go on", () => {
    const story = healthy()
      .add("clients", { kind: "ended", client: "client-1", connection: 1, why: "resync: a gap", misfit: true })
      .end(E1, 2);
    expect(verdictOf(story)).toEqual({ broken: ["I2"], first: "client-1 could not go on: resync: a gap" });
  });

  test("an entry whose base nobody made", () => {
    const story = healthy()
      .publish("writer-1", "owner-1", [entry(E2, E1, 9)], "behind")
      .end(E1, 2);
    expect(verdictOf(story).broken).toEqual(["I2"]);
  });
});

describe("net events", () => {
  const published = () =>
    healthy().publish("writer-1", "owner-1", [entry(E1, E1, 3), entry(E1, E1, 4), entry(E1, E1, 5)]);
  const open = (seq: number) => `${idOf(E1, seq)}..-`;

  test("lead over positions where a client has no state of the log to one where it has", () => {
    const story = published()
      .event("client-1", 1, "state.update", open(4), { hash: "none of the log" })
      .event("client-1", 1, "state.update", idOf(E1, 5))
      .event("client-1", 1, "heartbeat", idOf(E1, 5))
      .end(E1, 5);
    expect(checkFacts(story.facts).findings.violations).toEqual([]);
  });

  test("must lead to the writer's state", () => {
    const story = published()
      .event("client-1", 1, "state.update", open(4), { hash: "none of the log" })
      .event("client-1", 1, "state.update", idOf(E1, 5), { hash: "another" })
      .end(E1, 5);
    expect(verdictOf(story).broken).toEqual(["I2"]);
  });

  test("excuse no gap of a client that got none", () => {
    const story = published().event("client-1", 1, "state.update", idOf(E1, 5)).end(E1, 5);
    expect(verdictOf(story).broken).toEqual(["I3"]);
  });
});

describe("I3: nobody goes back", () => {
  test("an update on another base", () => {
    const story = healthy()
      .publish("writer-1", "owner-1", [entry(E1, E1, 3), entry(E1, E1, 4)])
      .event("client-1", 1, "state.update", idOf(E1, 4))
      .end(E1, 4);
    expect(verdictOf(story).broken).toEqual(["I3"]);
  });

  test("an update that comes again", () => {
    const story = healthy().event("client-1", 1, "state.update", idOf(E1, 2)).end(E1, 2);
    expect(verdictOf(story).broken).toEqual(["I3"]);
  });

  test("an older state from another node, although nothing was lost", () => {
    const story = healthy()
      .open("client-1", 2, idOf(E1, 2))
      .event("client-1", 2, "state.initial", idOf(E1, 1), { reason: "epoch" })
      .end(E1, 2);
    expect(verdictOf(story)).toMatchObject({ broken: ["I3"] });
  });

  test("is not broken by an older state after Redis has lost the newer one", () => {
    const story = healthy()
      .add("rig", { kind: "rolled-back", how: "failover", head: { epoch: E1, seq: 1 } })
      .add("rig", { kind: "process", name: "writer-1", what: "killed" }, 0)
      .open("client-1", 2, idOf(E1, 2))
      .event("client-1", 2, "state.initial", idOf(E1, 1), { reason: "repaired" })
      .end(E1, 1);
    expect(verdictOf(story).broken).toEqual([]);
  });

  test("a heartbeat with another position than the client's", () => {
    const story = healthy().event("client-1", 1, "heartbeat", idOf(E1, 1)).end(E1, 2);
    expect(verdictOf(story).broken).toEqual(["I3"]);
  });
});

describe("I4: everybody arrives", () => {
  test("a client that stays behind", () => {
    const story = healthy().end(E1, 2, { id: idOf(E1, 1), hash: hashOf(stateAt(1)) });
    expect(verdictOf(story)).toEqual({
      broken: ["I4"],
      first: `client-1 is at ${E1}.1 after 35000 ms, Redis at ${E1}.2`,
    });
  });

  test("a client that gives up", () => {
    const story = healthy().add("clients", { kind: "gave-up", client: "client-1", why: "diverged" }).end(E1, 2);
    expect(verdictOf(story).broken).toEqual(["I4"]);
  });

  test("a run whose end nobody looked at", () => {
    expect(verdictOf(healthy()).broken).toContain("I4");
  });
});

describe("I5: no silent loss", () => {
  const lost = (): Story => healthy().add("rig", { kind: "rolled-back", how: "failover", head: { epoch: E1, seq: 1 } });
  /** The client is led back, for which there is a reason, and the run ends there. */
  const end = (story: Story): Story =>
    story
      .open("client-1", 2, idOf(E1, 2))
      .event("client-1", 2, "state.initial", idOf(E1, 1), { reason: "repaired" })
      .end(E1, 1);

  test("an acknowledged entry that is gone, and nothing was reported to its writer", () => {
    expect(verdictOf(end(lost()))).toMatchObject({ broken: ["I5"] });
  });

  test("is not broken when it was reported to the writer", () => {
    expect(verdictOf(end(lost().add("writer-1", { kind: "lost", commits: 1, vanished: true }))).broken).toEqual([]);
  });

  test("an acknowledged entry that is gone, and only others were reported to its writer", () => {
    const story = lost().add("writer-1", { kind: "lost", commits: 1, vanished: false });
    expect(verdictOf(end(story))).toMatchObject({ broken: ["I5"] });
  });

  test("is not broken when the writer died with it", () => {
    expect(verdictOf(end(lost().add("rig", { kind: "process", name: "writer-1", what: "killed" }))).broken).toEqual([]);
  });

  test("an acknowledged entry that is gone, and its writer died long after it should have been reported", () => {
    const story = lost().wait(60_000).add("rig", { kind: "process", name: "writer-1", what: "killed" });
    expect(verdictOf(end(story))).toMatchObject({ broken: expect.arrayContaining(["I5"]) as string[] });
  });

  test("an acknowledged entry that is gone although Redis lost nothing", () => {
    const story = healthy().add("writer-1", { kind: "lost", commits: 1, vanished: true });
    expect(verdictOf(end(story)).broken).toContain("I5");
  });

  /** Writer 1 hands over, Redis comes back empty, and writer 2 starts the stream anew, so long after its process started. */
  const anew = (age: number, handOver = true): Story => {
    const story = healthy();
    story.facts.splice(1, 0, { t: 150, who: "writer-1", kind: "leads", leads: true });
    story.add("rig", { kind: "process", name: "writer-2", what: "started" }).wait(age);
    if (handOver) story.add("writer-1", { kind: "leads", leads: false });
    return story
      .add("rig", { kind: "rolled-back", how: "redis-restart", head: undefined })
      .install("writer-2", "owner-2", E2, 0)
      .add("writer-2", { kind: "leads", leads: true });
  };
  const endAnew = (story: Story): Story =>
    story
      .open("client-1", 2, idOf(E1, 2))
      .event("client-1", 2, "state.initial", idOf(E2, 0), { reason: "epoch" })
      .end(E2, 0);

  test("is not broken when nobody led as Redis came back empty, and a new process started the stream anew", () => {
    expect(verdictOf(endAnew(anew(1000))).broken).toEqual([]);
  });

  test("is not broken when the new process found Redis long before the rig did", () => {
    const story = anew(1000);
    const index = story.facts.findIndex(({ kind }) => kind === "rolled-back");
    const [rolledBack] = story.facts.splice(index, 1);
    story.facts.splice(index, 0, {
      ...(rolledBack as (typeof story.facts)[number]),
      kind: "fault",
      n: 1,
      fault: "redis-restart",
      targets: [],
    });
    story.add("rig", { kind: "rolled-back", how: "redis-restart", head: undefined }, 700);
    expect(verdictOf(endAnew(story)).broken).toEqual([]);
  });

  test("is broken when the stream is started anew by a process that must have had a copy", () => {
    expect(verdictOf(endAnew(anew(10_000))).broken).toContain("I5");
  });

  test("is broken when a writer led as Redis came back empty, and nothing was reported to it", () => {
    expect(verdictOf(endAnew(anew(1000, false))).broken).toContain("I5");
  });

  test("is not broken for an earlier writer when it was reported to the one that led as Redis came back empty", () => {
    const story = healthy()
      .acquire("writer-2", "owner-2")
      .add("writer-2", { kind: "leads", leads: true })
      .add("rig", { kind: "rolled-back", how: "wipe", head: undefined })
      .install("writer-1", "owner-3", E2, 0)
      .add("writer-2", { kind: "leads", leads: false })
      .add("writer-2", { kind: "lost", commits: 0, vanished: true });
    expect(verdictOf(endAnew(story)).broken).toEqual([]);
  });

  test("a failover that lost nothing", () => {
    const story = healthy()
      .add("rig", { kind: "rolled-back", how: "failover", head: { epoch: E1, seq: 2 } })
      .end(E1, 2);
    expect(verdictOf(story).first).toMatch(/proved nothing/);
  });

  test("counts what Redis lost, and what came back", () => {
    const story = lost()
      .publish("writer-1", "owner-1", [entry(E1, E1, 2)])
      .end(E1, 2);
    expect(checkFacts(story.facts).losses).toEqual({ lostByRedis: 1, repaired: 1, gone: 0, idleFailovers: 0 });
  });
});

describe("I6: one writer at a time", () => {
  test("a writer that lost the lease appends", () => {
    const story = healthy()
      .acquire("writer-2", "owner-2")
      .publish("writer-1", "owner-1", [entry(E1, E1, 3)])
      .event("client-1", 1, "state.update", idOf(E1, 3))
      .end(E1, 3);
    expect(verdictOf(story).broken).toEqual(["I6"]);
  });

  test("is not broken by one that takes the lease again, nor by one that is fenced", () => {
    const story = healthy()
      .acquire("writer-2", "owner-2")
      .publish("writer-1", "owner-1", [entry(E1, E1, 3)], "fenced")
      .acquire("writer-1", "owner-1")
      .publish("writer-1", "owner-1", [entry(E1, E1, 3)])
      .event("client-1", 1, "state.update", idOf(E1, 3))
      .end(E1, 3);
    expect(verdictOf(story).broken).toEqual([]);
  });
});

describe("I7: no snapshot that is not needed", () => {
  const storyOf = (fault: FaultName): Story =>
    faulted(healthy(), fault, ["writer-1"], 100)
      .event("client-1", 1, "state.initial", idOf(E1, 2), { reason: "repaired" })
      .end(E1, 2);

  test("a snapshot after a handover", () => {
    expect(verdictOf(storyOf("writer-hand-over")).broken).toEqual(["I7"]);
  });

  test("is not broken by one after a fault that may cost it", () => {
    expect(verdictOf(storyOf("failover")).broken).toEqual([]);
  });
});

describe("I8: signs of life", () => {
  test("a connection that is silent", () => {
    const story = healthy().wait(4000).event("client-1", 1, "heartbeat", idOf(E1, 2)).end(E1, 2);
    expect(verdictOf(story)).toMatchObject({ broken: ["I8"] });
  });

  test("is not broken by a node that was stopped", () => {
    const story = healthy()
      .add("rig", { kind: "process", name: "node-1", what: "stopped" })
      .add("rig", { kind: "process", name: "node-1", what: "continued" }, 4000)
      .event("client-1", 1, "heartbeat", idOf(E1, 2))
      .end(E1, 2);
    expect(verdictOf(story).broken).toEqual([]);
  });

  /** A node is cut off for 8 s; heartbeats come, and say that they are stale between these two seconds. */
  const cut = (from: number, to: number): Story => {
    const story = healthy().add("rig", { kind: "fault", n: 0, fault: "node-cut", targets: ["node-1"] });
    for (let second = 1; second <= 18; second++) {
      if (second === 9) story.add("rig", { kind: "healed", n: 0 }, 0);
      const stale = second >= from && second < to ? { stale: true as const } : {};
      story.wait(900).event("client-1", 1, "heartbeat", idOf(E1, 2), stale);
    }
    return story.end(E1, 2);
  };

  test("clients of a node that is cut off receive stale, and later that it is over", () => {
    expect(verdictOf(cut(4, 11)).broken).toEqual([]);
  });

  test("clients of a node that is cut off do not receive stale", () => {
    expect(verdictOf(cut(7, 11))).toMatchObject({
      broken: ["I8"],
      first: "client-1 did not receive stale although node-1 is cut off",
    });
  });

  test("clients still receive stale when it is long over", () => {
    expect(verdictOf(cut(4, 19))).toMatchObject({
      first: "client-1 still receives stale although node-1 is no longer cut off",
    });
  });
});

describe("I9: bounded", () => {
  const MiB = 1024 * 1024;

  test("a node that grows", () => {
    const story = healthy();
    for (let step = 0; step < 40; step++) {
      const sample = { kind: "sample", node: "node-1", eventId: undefined, hash: undefined, connections: 1 } as const;
      story.add("rig", { ...sample, rss: (80 + step * 5) * MiB }, 2000);
    }
    expect(verdictOf(story.end(E1, 2)).broken).toEqual(["I9"]);
  });

  test("subscriptions of streams that nobody watches", () => {
    const story = healthy().end(E1, 2);
    const engine = story.facts.findLast(({ kind }) => kind === "engine");
    Object.assign(engine as object, { channels: { "chaos:{board}:c": 5, "chaos:{other}:c": 1 } });
    expect(verdictOf(story).broken).toEqual(["I9"]);
  });
});

describe("I10: every operation once", () => {
  const done = { kind: "operation-done", what: "update", by: "node-1.7" } as const;
  const has = (list: number[], final = true) =>
    ({ kind: "operations", node: "node-2", final, states: { update: { "node-1.7": list }, send: {} } }) as const;

  test("an operation that took effect twice", () => {
    const story = healthy()
      .add("rig", has([1, 2, 1], false))
      .end(E1, 2);
    expect(verdictOf(story)).toEqual({
      broken: ["I10"],
      first: "update 1 of node-1.7 took effect twice, on node-2",
    });
  });

  test("not where Redis lost the ids while it was under way", () => {
    const story = healthy().add("rig", { kind: "rolled-back", how: "wipe", head: undefined });
    story.add("node-1", { ...done, n: 1 }).add("rig", has([1, 1], false));
    expect(verdictOf(story.end(E1, 2)).broken).not.toContain("I10");
  });

  test("an operation that was acknowledged and is missing, unless Redis lost something after it", () => {
    const story = () =>
      healthy()
        .add("node-1", { ...done, n: 1 })
        .add("node-1", { ...done, n: 2 });
    expect(
      verdictOf(
        story()
          .add("rig", has([1, 2]))
          .end(E1, 2),
      ).broken,
    ).toEqual([]);
    expect(
      verdictOf(
        story()
          .add("rig", has([1]))
          .end(E1, 2),
      ),
    ).toEqual({
      broken: ["I10"],
      first: "update 2 of node-1.7 was acknowledged, and node-2 does not have it",
    });
    const lost = story().add("rig", { kind: "rolled-back", how: "wipe", head: undefined }).add("rig", has([]));
    expect(verdictOf(lost.end(E1, 2)).broken).not.toContain("I10");
  });

  test("an operation that is missing although it was in the primary that survived a split brain", () => {
    const story = healthy()
      .add("node-1", { ...done, n: 1 })
      .add("rig", { ...has([1], false), survives: true });
    story.add("rig", { kind: "rolled-back", how: "split-brain", head: { epoch: E1, seq: 2 } }).add("rig", has([]));
    expect(verdictOf(story.end(E1, 2)).broken).toEqual(["I10"]);
  });

  test("what is so old that it is listed no more is not missing", () => {
    const list = Array.from({ length: 100 }, (_, n) => n + 2);
    expect(
      verdictOf(
        healthy()
          .add("node-1", { ...done, n: 1 })
          .add("rig", has(list))
          .end(E1, 2),
      ).broken,
    ).toEqual([]);
  });
});
