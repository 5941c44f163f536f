import assert from "node:assert/strict";
import type { Case } from "../case.ts";
import { isHeartbeat } from "../event.ts";
import type { Probe } from "../probe.ts";
import { set, setting } from "../subject.ts";
import { snapshotOf } from "./snapshot.ts";

/** The client did not get a snapshot, but a heartbeat with its position. */
export function assertResumed(probe: Probe, id: string | undefined): void {
  const [first] = probe.events;
  assert.ok(first !== undefined && isHeartbeat(first), `the first event is ${first?.event}, not a heartbeat`);
  assert.equal(first.id, id);
}

export const resumeCases: readonly Case[] = [
  {
    id: "resume-missed",
    name: "MUST replay what a client has missed, and nothing else",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0 } });
      const [faithful, probe] = [await trial.follow(server), await trial.follow(server)];
      await server.commit(setting("a", 1));
      await probe.reaches({ a: 1, b: 0 });
      probe.cut();
      await trial.connections(server, 1);
      await server.commit(setting("a", 2), { changes: [set("a", 3), set("b", 3)], cause: { type: "x" } });
      await server.commit({ changes: [{ op: "remove", slice: "b" }] });
      const back = await trial.resume(server, probe);
      assertResumed(back, probe.lastEventId);
      await back.reaches({ a: 3 });
      await faithful.reaches({ a: 3 });
      const [sent, missed] = [faithful, back].map(({ updates }) => updates.map(({ id, data }) => ({ id, data })));
      assert.deepEqual(missed, sent?.slice(1));
    },
  },
  {
    id: "resume-at-head",
    name: "MUST send the position to a client that missed nothing, and continue",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      await server.commit(setting("a", 1));
      await probe.reaches({ a: 1 });
      probe.cut();
      const back = await trial.connect(server, { after: probe, lastEventId: probe.lastEventId });
      // The case does not wait for it: a heartbeat that is due anyway would look the same.
      await server.commit(setting("a", 2));
      await back.reaches({ a: 2 });
      assertResumed(back, probe.lastEventId);
      assert.equal(back.events.length, 2);
    },
  },
  {
    id: "resume-at-start",
    name: "MUST resume from the position before the first event",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      await trial.leave(server, probe);
      await server.commit(setting("a", 1));
      const back = await trial.resume(server, probe);
      assertResumed(back, probe.lastEventId);
      await back.reaches({ a: 1 });
    },
  },
  {
    id: "resume-everywhere",
    name: "MUST bring a client to the same state from every position",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: [0] } });
      const left: Probe[] = [];
      const final = { a: 12, b: [11] };
      for (let n = 1; n <= 12; n++) {
        const probe = await trial.follow(server, n % 3 === 0 ? { slices: ["b"] } : {});
        left.push(probe);
        await server.commit(n % 2 === 0 ? setting("a", n) : { changes: [set("b", [n]), set("a", n)] });
        // Half of them leave with the change, half before they can have received it.
        if (n % 4 > 1) await probe.until(() => probe.replica.slices.get("b") !== undefined, "the snapshot");
        probe.cut();
      }
      for (const [index, probe] of left.entries()) {
        const narrowed = (index + 1) % 3 === 0;
        const back = await trial.resume(server, probe, narrowed ? { slices: ["b"] } : {});
        assertResumed(back, probe.lastEventId);
        await back.reaches(narrowed ? { b: final.b } : final);
      }
    },
  },
  {
    id: "resume-query",
    name: "MUST take the position from the query where there is no header",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      await trial.leave(server, probe);
      await server.commit(setting("a", 1));
      const back = await trial.follow(server, { after: probe, query: `lastEventId=${probe.lastEventId}` });
      assertResumed(back, probe.lastEventId);
      await back.reaches({ a: 1 });
    },
  },
  {
    id: "resume-header-wins",
    name: "MUST take the position from the header before the query",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      await server.commit(setting("a", 1));
      await probe.reaches({ a: 1 });
      const back = await trial.resume(server, probe, { query: "lastEventId=nonsense" });
      assertResumed(back, probe.lastEventId);
    },
  },
  {
    id: "resume-quiet",
    name: "MUST resume a client whose slices were quiet though the log no longer reaches back",
    async run(trial) {
      const server = await trial.open({ state: { quiet: 0, busy: 0 }, options: { maxLogEvents: 5 } });
      const probe = await trial.follow(server, { slices: ["quiet"] });
      await probe.reaches({ quiet: 0 });
      await trial.leave(server, probe);
      for (let n = 1; n <= 30; n++) await server.commit(setting("busy", n));
      const back = await trial.resume(server, probe, { slices: ["quiet"] });
      assertResumed(back, probe.lastEventId);
      await server.commit(setting("quiet", 1));
      await back.reaches({ quiet: 1 });
    },
  },
  {
    id: "resume-narrowed",
    name: "MUST replay only what the client selects",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0 } });
      const probe = await trial.follow(server, { slices: ["a"] });
      await trial.leave(server, probe);
      await server.commit(setting("a", 1), setting("b", 1), { changes: [set("a", 2), set("b", 2)] });
      const back = await trial.resume(server, probe, { slices: ["a"] });
      assertResumed(back, probe.lastEventId);
      await back.reaches({ a: 2 });
      assert.deepEqual(
        back.updates.map(({ data }) => data.slice),
        ["a", "a"],
      );
    },
  },
  {
    id: "resume-narrowed-options",
    name: "MUST replay only what the adapter's options allow",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0 }, adapter: { slices: ["b"] } });
      const probe = await trial.follow(server);
      await trial.leave(server, probe);
      await server.commit(setting("a", 1), setting("b", 1));
      const back = await trial.resume(server, probe);
      assertResumed(back, probe.lastEventId);
      await back.reaches({ b: 1 });
    },
  },
  {
    id: "resume-empty-id",
    name: "MUST treat an empty id like no id",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      for (const request of [{ lastEventId: "" }, { query: "lastEventId=" }]) {
        const probe = await trial.follow(server, request);
        assert.equal(snapshotOf(probe.events[0]).reason, "connect");
      }
    },
  },
];
