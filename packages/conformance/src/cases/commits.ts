import assert from "node:assert/strict";
import type { Case } from "../case.ts";
import type { Probe } from "../probe.ts";
import { SECRET } from "../rules.ts";
import { type Commit, set, setting } from "../subject.ts";
import { updateOf } from "./updates.ts";

const THREE: Commit = { changes: [set("a", 1), set("b", 1), set("c", 1)], cause: { type: "three" } };

/** Each update as its slice, with a plus where more follows. */
function marked(probe: Probe): string[] {
  return probe.updates.map(({ data }) => `${data.slice}${data.more === true ? "+" : ""}`);
}

export const commitCases: readonly Case[] = [
  {
    id: "commit-more",
    name: "MUST mark all but the last event of a commit",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0, c: 0 } });
      const probe = await trial.follow(server);
      await server.commit(THREE, setting("a", 2));
      await probe.reaches({ a: 2, b: 1, c: 1 });
      assert.deepEqual(marked(probe), ["a+", "b+", "c", "a"]);
    },
  },
  {
    id: "commit-more-narrowed",
    name: "MUST mark all but the last of those events of a commit that the client selects",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0, c: 0 } });
      const [two, one, all] = [
        await trial.follow(server, { slices: ["a", "b"] }),
        await trial.follow(server, { slices: ["b"] }),
        await trial.follow(server),
      ];
      await server.commit(THREE);
      await all.reaches({ a: 1, b: 1, c: 1 });
      await two.reaches({ a: 1, b: 1 });
      await one.reaches({ b: 1 });
      assert.deepEqual([marked(all), marked(two), marked(one)], [["a+", "b+", "c"], ["a+", "b"], ["b"]]);
    },
  },
  {
    id: "commit-once",
    name: "MUST send one event for a slice however often a commit sets it",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0 } });
      const probe = await trial.follow(server);
      await server.commit({ changes: [set("a", 1), set("b", 1), set("a", 2), set("b", 0)] });
      await probe.reaches({ a: 2, b: 0 });
      assert.deepEqual(marked(probe), ["a"]);
    },
  },
  {
    id: "burst-one-write",
    name: "MUST send what happens in one turn in one write",
    async run(trial) {
      const server = await trial.open({ state: { n: 0, m: 0 } });
      const probes = [await trial.follow(server), await trial.follow(server, { slices: ["n"] })];
      await server.commit(...Array.from({ length: 50 }, (_, n) => setting("n", n + 1)), setting("m", 1));
      for (const probe of probes) await probe.until(() => probe.updates.length >= 50, "50 updates");
      await probes[0]?.reaches({ n: 50, m: 1 });
      for (const probe of probes) assert.equal(new Set(probe.updates.map(({ chunk }) => chunk)).size, 1);
    },
  },
  {
    id: "whole-events",
    name: "MUST NOT spread an event over writes",
    async run(trial) {
      const server = await trial.open({ state: { n: 0 }, options: { heartbeatMs: 40 } });
      const probe = await trial.follow(server);
      await server.commit(setting("n", 1));
      await probe.until(() => probe.events.some(({ event }) => event === "heartbeat"), "a heartbeat");
      // So few events that each is a write of its own; some servers send the retry line together with the first.
      assert.equal(probe.chunks - (probe.events[0]?.chunk ?? 0), probe.events.length);
    },
  },
  {
    id: "cause-told",
    name: "MUST send type and id of a cause with each event of its commit",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0 } });
      const probe = await trial.follow(server);
      await server.commit({ changes: [set("a", 1), set("b", 1)], cause: { type: "move", id: "42" } });
      await server.commit({ changes: [set("a", 2)], cause: { type: "count", id: 7 } }, setting("a", 3));
      await probe.reaches({ a: 3, b: 1 });
      assert.deepEqual(
        probe.updates.map(({ data }) => data.cause),
        [{ type: "move", id: "42" }, { type: "move", id: "42" }, { type: "count", id: 7 }, undefined],
      );
    },
  },
  {
    id: "cause-payload-secret",
    name: "MUST NOT send a cause's payload unless the application allows it",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      await server.commit({ changes: [set("a", 1)], cause: { type: "log-in", payload: { password: SECRET } } });
      await probe.reaches({ a: 1 });
      assert.deepEqual(updateOf(probe, 0).cause, { type: "log-in" });
      await (await trial.resume(server, probe)).reaches({ a: 1 });
    },
  },
  {
    id: "cause-payload-asked",
    name: "MUST send a cause's payload when the application allows it",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 }, options: { cause: "payload" } });
      const probe = await trial.follow(server);
      await server.commit({ changes: [set("a", 1)], cause: { type: "move", payload: { to: [1, 2] } } });
      await probe.reaches({ a: 1 });
      assert.deepEqual(updateOf(probe, 0).cause, { type: "move", payload: { to: [1, 2] } });
    },
  },
];
