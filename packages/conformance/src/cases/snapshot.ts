import assert from "node:assert/strict";
import type { StateInitialEvent } from "@statestream/core";
import type { Case } from "../case.ts";
import { isInitial, type Received } from "../event.ts";
import { parseId } from "../replica.ts";
import { setting } from "../subject.ts";

/** The data of a snapshot; throws where the event is not one. */
export function snapshotOf(event: Received | undefined): StateInitialEvent {
  assert.ok(event !== undefined && isInitial(event), `the event is ${event?.event}, not a snapshot`);
  return event.data;
}

export const snapshotCases: readonly Case[] = [
  {
    id: "snapshot-first",
    name: "MUST send a new client the whole state first, with its position",
    async run(trial) {
      const state = { board: { title: "x", cells: [1, 2, 3] }, count: 0, none: null };
      const server = await trial.open({ state, options: { heartbeatMs: 12_345 } });
      const probe = await trial.follow(server);
      const { reason, seq, heartbeatMs } = snapshotOf(probe.events[0]);
      assert.deepEqual({ reason, seq, heartbeatMs }, { reason: "connect", seq: 0, heartbeatMs: 12_345 });
      await probe.reaches(state);
    },
  },
  {
    id: "snapshot-empty",
    name: "MUST send a snapshot of an empty state",
    async run(trial) {
      const server = await trial.open({ state: {} });
      const probe = await trial.follow(server);
      assert.deepEqual(snapshotOf(probe.events[0]).slices, {});
      await server.commit(setting("first", 1));
      await probe.reaches({ first: 1 });
    },
  },
  {
    id: "snapshot-position",
    name: "MUST give a snapshot the position of the last event",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const early = await trial.follow(server);
      await server.commit(setting("a", 1), setting("a", 2), setting("b", 1));
      await early.reaches({ a: 2, b: 1 });
      const late = await trial.follow(server);
      assert.equal(snapshotOf(late.events[0]).seq, 3);
      assert.equal(late.lastEventId, early.lastEventId);
      await late.reaches({ a: 2, b: 1 });
    },
  },
  {
    id: "epoch-random",
    name: "MUST give each log an epoch of its own",
    async run(trial) {
      const servers = [await trial.open({ state: {} }), await trial.open({ state: {} })];
      const probes = await Promise.all(servers.map((server) => trial.follow(server)));
      const [first, second] = probes.map(({ lastEventId = "" }) => parseId(lastEventId)?.epoch);
      assert.notEqual(first, second);
    },
  },
];
