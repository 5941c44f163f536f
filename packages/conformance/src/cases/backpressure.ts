import assert from "node:assert/strict";
import type { Case } from "../case.ts";
import { isInitial } from "../event.ts";
import { offered, setting } from "../subject.ts";

const MIB = 1024 * 1024;

/** The bytes that both ends of a loopback connection may hold, and a little more. */
const TAKEN = 5 * MIB;

/** More than both ends hold: a writer of so many bytes is blocked until its reader reads. */
const LARGE = "x".repeat(16 * MIB);

export const backpressureCases: readonly Case[] = [
  {
    id: "stalled-not-read-ahead",
    name: "MUST NOT read ahead of a client that does not read, and bring it to the state with few events",
    async run(trial) {
      const server = await trial.open({ state: { n: 0 } });
      const probe = await trial.follow(server);
      probe.pause();
      // Twice what the log keeps, and three times what may be taken: more would only cost time on a busy machine.
      const offer = { slice: "n", bytes: 64 * 1024, times: 256 };
      await server.offer(offer);
      probe.resume();
      await probe.reaches({ n: offered(offer.bytes, offer.times) });
      assert.ok(probe.bodyBytes <= TAKEN, `of 16 MiB, ${(probe.bodyBytes / MIB).toFixed(1)} were taken`);
      assert.ok(probe.events.length <= 100, `it took ${probe.events.length} events`);
      const reasons = probe.events.filter(isInitial).map(({ data }) => data.reason);
      assert.ok(reasons.includes("slow"), `the snapshots were for ${reasons.join(", ")}`);
    },
  },
  {
    id: "stalled-alone",
    name: "MUST serve other clients while one does not read",
    async run(trial) {
      const server = await trial.open({ state: { n: 0 } });
      const [stalled, other] = [await trial.follow(server), await trial.follow(server)];
      stalled.pause();
      const offer = { slice: "n", bytes: 64 * 1024, times: 128 };
      await server.offer(offer);
      await other.reaches({ n: offered(offer.bytes, offer.times) });
      await server.commit(setting("n", "last"));
      await other.reaches({ n: "last" });
    },
  },
  {
    id: "slow-reader",
    name: "MUST NOT cut off a slow reader of a large snapshot that goes on reading",
    async run(trial) {
      // A busy machine can keep the client from reading for longer than the stall time. Being cut off then says nothing
      // about the server, so the case is repeated with more time; the last attempt counts in any case.
      for (let maxStallMs = 1500; ; maxStallMs *= 2) {
        const large = LARGE + LARGE;
        const server = await trial.open({ state: { large }, options: { maxStallMs } });
        const probe = await trial.connect(server);
        // In all this takes twice the stall time. Smaller steps would not work: the system reports free room in large steps.
        probe.drip(2 * MIB, maxStallMs / 7.5);
        try {
          await probe.reaches({ large });
        } catch (error) {
          if (probe.longestGapMs < maxStallMs / 5 || maxStallMs > 5000) throw error;
          continue;
        }
        await server.commit(setting("after", 1));
        await probe.reaches({ large, after: 1 });
        return;
      }
    },
  },
  {
    id: "stalled-released",
    name: "MUST cut off a client that takes no byte for the stall time",
    async run(trial) {
      const server = await trial.open({ state: { large: LARGE, n: 0 }, options: { maxStallMs: 30 } });
      const other = await trial.follow(server, { slices: ["n"] });
      const stalled = await trial.connect(server);
      // Pauses at once, since a server in another process continues to send while this process waits for its turn.
      stalled.pause();
      await trial.connections(server, 1);
      await server.commit(setting("n", 1));
      await other.reaches({ n: 1 });
    },
  },
  {
    id: "stalled-cut",
    name: "MUST cut off a client that stalls, rather than end its response",
    async run(trial) {
      const server = await trial.open({ state: { large: LARGE, n: 0 }, options: { maxStallMs: 30 } });
      // One is only blocked; for the other there are changes meanwhile.
      const probes = [await trial.connect(server, { slices: ["large"] })];
      // Pauses at once, since a server in another process continues to send while this process waits for its turn.
      probes[0]?.pause();
      probes.push(await trial.connect(server));
      probes[1]?.pause();
      await server.commit(setting("n", 1));
      await trial.connections(server, 0);
      for (const probe of probes) {
        probe.resume();
        await probe.gone();
        // It received an incomplete response, which must not look like a complete one.
        assert.equal(probe.ended, false);
      }
    },
  },
  {
    id: "stalled-leaves",
    name: "MUST release a client that leaves while it is blocked",
    async run(trial) {
      const server = await trial.open({ state: { large: LARGE } });
      const probe = await trial.connect(server);
      probe.pause();
      await trial.connections(server, 1);
      await trial.leave(server, probe);
    },
  },
];
