import assert from "node:assert/strict";
import type { Case } from "../case.ts";
import { isHeartbeat, type Received } from "../event.ts";
import type { Probe } from "../probe.ts";
import { parseId, Replica } from "../replica.ts";
import { type Commit, set, setting } from "../subject.ts";

/** Changes come faster than this, so that several are sent together. */
const RATED = { query: "maxRateHz=10" };

const pad = "x".repeat(300);

/** Adds a row, so that applying it twice leaves a client with one too many. */
function adding(slice: string, row: number): Commit {
  return { changes: [{ op: "patch", slice, operations: [{ op: "add", path: "/rows/-", value: row }] }] };
}

const rows = (...values: number[]) => ({ pad, rows: values });

/** The state of a client that received exactly these events. */
function having(events: readonly Received[]): Pick<Probe, "replica"> {
  const replica = new Replica(() => undefined);
  for (const event of events) replica.take(event);
  return { replica };
}

export const netCases: readonly Case[] = [
  {
    id: "net-one",
    name: "MUST send what happens between two flushes of a rate as one event for each slice",
    async run(trial) {
      const server = await trial.open({ state: { a: rows(), b: 0 } });
      const probe = await trial.follow(server, RATED);
      await server.commit(adding("a", 1));
      await probe.reaches({ a: rows(1), b: 0 });
      await server.commit(adding("a", 2), adding("a", 3), setting("b", 1), adding("a", 4), setting("b", 2));
      await probe.reaches({ a: rows(1, 2, 3, 4), b: 2 });
      const sent = probe.updates
        .slice(1)
        .map(({ data: { slice, seq, base, more } }) => [slice, seq, base, more === true]);
      assert.deepEqual(sent, [["a", 5, 1, true], ["b", 6, 0, false]]); // prettier-ignore
    },
  },
  {
    id: "net-cut",
    name: "MUST bring a client to the state after it was cut off at any event of a range with net events",
    async run(trial) {
      const state = { a: rows(), b: rows(), c: rows() };
      const server = await trial.open({ state });
      const probe = await trial.follow(server, RATED);
      await server.commit(adding("a", 0));
      await probe.reaches({ ...state, a: rows(0) });
      await server.commit(
        adding("a", 1),
        adding("b", 1),
        adding("c", 1),
        adding("b", 2),
        adding("c", 2),
        adding("a", 2),
      );
      await probe.reaches({ a: rows(0, 1, 2), b: rows(1, 2), c: rows(1, 2) });
      await server.commit({ changes: ["a", "b", "c"].map((slice) => ({ op: "patch", slice, operations: [{ op: "add", path: "/rows/-", value: 3 }] })) }); // prettier-ignore
      const end = { a: rows(0, 1, 2, 3), b: rows(1, 2, 3), c: rows(1, 2, 3) };
      await probe.reaches(end);
      assert.ok(probe.updates.length >= 4);
      for (const [index, { id }] of probe.events.entries()) {
        const back = await trial.follow(server, { after: having(probe.events.slice(0, index + 1)), lastEventId: id });
        await back.reaches(end);
      }
    },
  },
  {
    id: "net-join",
    name: "MUST NOT send a net event to a client that has one of the changes it stands for",
    async run(trial) {
      const server = await trial.open({ state: { a: rows() } });
      const early = await trial.follow(server, RATED);
      await server.commit(adding("a", 1));
      await early.reaches({ a: rows(1) });
      await server.commit(adding("a", 2));
      const late = await trial.follow(server, RATED);
      await server.commit(adding("a", 3));
      for (const probe of [early, late]) await probe.reaches({ a: rows(1, 2, 3) });
    },
  },
  {
    id: "net-toggle",
    name: "MUST send a net event whose changes cancel out",
    async run(trial) {
      const server = await trial.open({ state: { a: { pad, n: 0 } } });
      const probe = await trial.follow(server, RATED);
      const put = (n: number) => setting("a", { pad, n });
      await server.commit(put(1));
      await probe.reaches({ a: { pad, n: 1 } });
      await server.commit(put(2), put(1));
      await probe.until(() => probe.updates.length >= 2, "the net event");
      await server.commit(put(2));
      await probe.reaches({ a: { pad, n: 2 } });
    },
  },
  {
    id: "rate-at-most",
    name: "MUST flush a connection with a rate at most so often, also under constant change, and send the last change",
    async run(trial) {
      const server = await trial.open({ state: { n: 0, plain: 0 } });
      const [rated, plain] = [await trial.follow(server, { query: "maxRateHz=5" }), await trial.follow(server)];
      const start = performance.now();
      let n = 0;
      while (performance.now() - start < 700) {
        await server.commit(setting("n", ++n));
        await plain.reaches({ n, plain: 0 });
      }
      await rated.reaches({ n, plain: 0 });
      const flushes = new Set(rated.updates.map(({ chunk }) => chunk)).size;
      assert.ok(flushes >= 2, "constant change must not keep what changed from the client");
      assert.ok(flushes <= 2 + (performance.now() - start) / 200, `${flushes} flushes are too many`);
    },
  },
  {
    id: "rate-heartbeat",
    name: "MUST keep the position of a connection with a rate between two flushes",
    async run(trial) {
      const server = await trial.open({ state: { n: 0 }, options: { heartbeatMs: 40 } });
      const probe = await trial.follow(server, { query: "maxRateHz=0.5" });
      await server.commit(setting("n", 1));
      await probe.reaches({ n: 1 });
      await server.commit(setting("n", 2));
      const beats = () => probe.events.filter(isHeartbeat).slice(-3);
      const before = probe.events.length;
      await probe.until(() => probe.events.length >= before + 4, "heartbeats");
      for (const { data, id } of beats()) assert.deepEqual([data.seq, data.head, parseId(id)?.seq], [1, 1, 1]);
      assert.equal(probe.updates.length, 1);
      await (await trial.resume(server, probe)).reaches({ n: 2 });
    },
  },
  {
    id: "rate-invalid",
    name: "MUST ignore an invalid rate",
    async run(trial) {
      const server = await trial.open({ state: { n: 0 } });
      for (const rate of ["0", "-1", "NaN", "0.1", "1001", "1e999", ""]) {
        const probe = await trial.follow(server, { query: `maxRateHz=${rate}` });
        const { n } = Object.fromEntries(probe.replica.slices) as { n: number };
        for (let more = 1; more <= 3; more++) {
          await server.commit(setting("n", n + more));
          await probe.reaches({ n: n + more });
        }
        assert.equal(probe.updates.length, 3);
      }
    },
  },
  {
    id: "bookmark-end",
    name: "MUST bring a client that asked for bookmarks to the end of a commit that it does not see in full",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0 }, options: { heartbeatMs: 60_000 } });
      const [asked, other] = [
        await trial.follow(server, { slices: ["a"], query: "bookmarks=1" }),
        await trial.follow(server, { slices: ["a"] }),
      ];
      await server.commit({ changes: [set("a", 1), set("b", 1)] });
      await asked.until(() => parseId(asked.lastEventId ?? "")?.seq === 2, "the bookmark");
      await server.commit(setting("b", 2));
      await asked.until(() => parseId(asked.lastEventId ?? "")?.seq === 3, "the second bookmark");
      assert.deepEqual(asked.events.slice(2).map(({ event }) => event), ["heartbeat", "heartbeat"]); // prettier-ignore
      await server.commit(setting("a", 2));
      await other.reaches({ a: 2 });
      assert.deepEqual(other.events.filter(isHeartbeat), []);
    },
  },
  {
    id: "bookmark-resume",
    name: "MUST bring a client that resumes with bookmarks to the end of what it missed, whether or not it selects any of that",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0 }, options: { heartbeatMs: 60_000 } });
      const request = { slices: ["a"], query: "bookmarks=1" };
      const probe = await trial.follow(server, request);
      probe.cut();
      await server.commit(setting("a", 1), setting("b", 1));
      const first = await trial.resume(server, probe, request);
      await first.until(() => parseId(first.lastEventId ?? "")?.seq === 2, "the bookmark after what it missed");
      first.cut();
      await server.commit(setting("b", 2));
      const second = await trial.resume(server, first, request);
      await second.until(() => parseId(second.lastEventId ?? "")?.seq === 3, "the bookmark where it selects nothing");
      const sent = [first, second].map(({ events }) => events.map(({ event }) => event));
      assert.deepEqual(sent, [["heartbeat", "state.update", "heartbeat"], ["heartbeat", "heartbeat"]]); // prettier-ignore
    },
  },
];
