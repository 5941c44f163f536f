import assert from "node:assert/strict";
import type { HeartbeatEvent } from "@statestream/core";
import type { Case } from "../case.ts";
import { isHeartbeat } from "../event.ts";
import type { Probe } from "../probe.ts";
import { parseId } from "../replica.ts";
import { setting } from "../subject.ts";
import { assertResumed } from "./resume.ts";
import { updateOf } from "./updates.ts";

const options = { heartbeatMs: 50 };

function heartbeats(probe: Probe): HeartbeatEvent[] {
  return probe.events.filter(isHeartbeat).map(({ data }) => data);
}

/** Waits for the heartbeat at a position. */
async function beatAt(probe: Probe, seq: number): Promise<HeartbeatEvent> {
  await probe.until(() => heartbeats(probe).at(-1)?.seq === seq, `a heartbeat at ${seq}`);
  return heartbeats(probe).at(-1) as HeartbeatEvent;
}

async function beats(probe: Probe, count: number): Promise<HeartbeatEvent> {
  await probe.until(() => heartbeats(probe).length >= count, `${count} heartbeats`);
  return heartbeats(probe)[count - 1] as HeartbeatEvent;
}

export const heartbeatCases: readonly Case[] = [
  {
    id: "heartbeat-event",
    name: "MUST send heartbeats as events, each with the position and the head",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 }, options });
      const probe = await trial.follow(server);
      const { seq, head, heartbeatMs } = await beats(probe, 1);
      assert.deepEqual({ seq, head, heartbeatMs }, { seq: 0, head: 0, heartbeatMs: 50 });
      const other = await beats(probe, 2);
      assert.ok(other.timestamp >= options.heartbeatMs);
    },
  },
  {
    id: "heartbeat-no-seq",
    name: "MUST NOT give a heartbeat a seq of its own",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 }, options });
      const probe = await trial.follow(server);
      await beats(probe, 2);
      await server.commit(setting("a", 1));
      await probe.reaches({ a: 1 });
      assert.equal(updateOf(probe, 0).seq, 1);
      assert.equal((await beatAt(probe, 1)).head, 1);
    },
  },
  {
    id: "heartbeat-narrowed",
    name: "MUST advance the position of a client whose slices do not change, and keep its head",
    async run(trial) {
      const server = await trial.open({ state: { quiet: 0, busy: 0 }, options });
      const probe = await trial.follow(server, { slices: ["quiet"] });
      await server.commit(setting("quiet", 1));
      await probe.reaches({ quiet: 1 });
      for (let n = 1; n <= 5; n++) await server.commit(setting("busy", n));
      assert.equal((await beatAt(probe, 6)).head, 1);
      assert.equal(parseId(probe.lastEventId ?? "")?.seq, 6);
    },
  },
  {
    id: "heartbeat-bookmark",
    name: "MUST resume from the id of a heartbeat",
    async run(trial) {
      const server = await trial.open({ state: { quiet: 0, busy: 0 }, options: { ...options, maxLogEvents: 4 } });
      const probe = await trial.follow(server, { slices: ["quiet"] });
      for (let n = 1; n <= 10; n++) await server.commit(setting("busy", n));
      await beatAt(probe, 10);
      await trial.leave(server, probe);
      await server.commit(setting("quiet", 1));
      const back = await trial.resume(server, probe, { slices: ["quiet"] });
      assertResumed(back, probe.lastEventId);
      await back.reaches({ quiet: 1 });
    },
  },
];
