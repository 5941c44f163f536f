import assert from "node:assert/strict";
import type { EndReason } from "@statestream/core";
import type { Case } from "../case.ts";
import { isEnd } from "../event.ts";
import type { Probe } from "../probe.ts";
import { SECRET } from "../rules.ts";
import { setting } from "../subject.ts";

/** The client receives `state.end` with the reason; then the response ends properly. */
async function endsWith(probe: Probe, reason: EndReason, retry: boolean): Promise<void> {
  await probe.end();
  const last = probe.events.at(-1);
  assert.ok(last !== undefined && isEnd(last), `the last event is ${last?.event}`);
  assert.deepEqual({ reason: last.data.reason, retry: last.data.retry }, { reason, retry });
}

export const endingCases: readonly Case[] = [
  {
    id: "end-closed",
    name: "MUST send every client state.end when the stream closes, and end the response",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probes = [await trial.follow(server), await trial.follow(server, { slices: ["a"] })];
      await server.close();
      for (const probe of probes) await endsWith(probe, "closed", true);
      assert.equal(await server.connections(), 0);
    },
  },
  {
    id: "end-reason",
    name: "MUST send the reason given by the application",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      await server.close({ reason: "draining" });
      await endsWith(probe, "draining", true);
    },
  },
  {
    id: "end-pending",
    name: "MUST send what is pending before the end, and give the end its position",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      await Promise.all([server.commit(setting("a", 1), setting("a", 2)), server.close()]);
      await endsWith(probe, "closed", true);
      await probe.reaches({ a: 2 });
      assert.equal(probe.events.at(-1)?.id, probe.events.at(-2)?.id);
    },
  },
  {
    id: "end-closed-connect",
    name: "MUST send state.end to a client that comes after the end, without a position",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const early = await trial.follow(server);
      await server.close();
      await early.end();
      for (const lastEventId of [undefined, early.lastEventId]) {
        const probe = await trial.connect(server, { lastEventId });
        await endsWith(probe, "closed", true);
        assert.deepEqual(
          probe.events.map(({ event, id }) => ({ event, id })),
          [{ event: "state.end", id: "" }],
        );
      }
    },
  },
  {
    id: "end-no-retry",
    name: "MUST answer 204 after an end with retry false",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      await server.close({ retry: false });
      await endsWith(probe, "closed", false);
      for (const request of [{}, { lastEventId: probe.lastEventId }, { method: "HEAD" }]) {
        const later = await trial.request(server, request);
        await later.end();
        assert.equal(later.status, 204);
        assert.equal(later.bodyBytes, 0);
      }
      assert.equal(await server.connections(), 0);
    },
  },
  {
    id: "end-reuse",
    name: "MUST leave the socket usable for the next request",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      await server.close();
      await endsWith(probe, "closed", true);
      const head = await trial.again(probe, { method: "HEAD" });
      await head.end();
      assert.equal(head.status, 200);
      await endsWith(await trial.again(head), "closed", true);
    },
  },
  {
    id: "end-stalled",
    name: "MUST NOT wait for ever for a client that does not read its end",
    async run(trial) {
      const server = await trial.open({ state: { large: "x".repeat(16_000_000) } });
      const stalled = await trial.connect(server);
      stalled.pause();
      const other = await trial.connect(server, { slices: ["none"] });
      await server.close();
      await endsWith(other, "closed", true);
      await trial.connections(server, 0);
    },
  },
  {
    id: "end-stalled-cut",
    name: "MUST cut off a client that has not taken its end in time",
    async run(trial) {
      const server = await trial.open({ state: { large: "x".repeat(16_000_000) } });
      const stalled = await trial.connect(server);
      stalled.pause();
      await server.close();
      stalled.resume();
      await stalled.gone();
      assert.equal(stalled.ended, false);
    },
  },
  {
    id: "end-expired",
    name: "MUST end a connection when the client's authorization expires",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 }, adapter: { expiresInMs: 250 } });
      const probe = await trial.follow(server);
      await endsWith(probe, "expired", true);
      await trial.connections(server, 0);
      await endsWith(await trial.connect(server), "expired", true);
    },
  },
  {
    id: "end-max-age",
    name: "MUST end a connection that has reached the maximal age",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 }, options: { maxAgeMs: 100 } });
      const probe = await trial.follow(server);
      await endsWith(probe, "max-age", true);
      await trial.connections(server, 0);
    },
  },
  {
    id: "end-overloaded",
    name: "MUST refuse a client with overloaded when there are too many, and serve it when there are fewer",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 }, options: { maxConnections: 1 } });
      const first = await trial.follow(server);
      const refused = await trial.connect(server);
      await endsWith(refused, "overloaded", true);
      assert.equal(refused.events.length, 1);
      await server.commit(setting("a", 1));
      await first.reaches({ a: 1 });
      await trial.leave(server, first);
      await (await trial.follow(server)).reaches({ a: 1 });
    },
  },
  {
    id: "revoked-before",
    name: "MUST answer 204 and open nothing where access has been revoked",
    async run(trial) {
      const server = await trial.open({ state: { a: SECRET }, adapter: { revocable: true } });
      await server.revoke();
      for (const method of ["GET", "HEAD"]) {
        const probe = await trial.request(server, { method });
        await probe.end();
        assert.deepEqual([probe.status, probe.bodyBytes], [204, 0]);
      }
      assert.equal(await server.connections(), 0);
    },
  },
  {
    id: "revoked-idle",
    name: "MUST end a connection whose access is revoked, and send nothing after it",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 }, adapter: { revocable: true } });
      const probe = await trial.follow(server);
      await server.revoke();
      await server.commit(setting("a", SECRET));
      await endsWith(probe, "revoked", false);
      await trial.connections(server, 0);
    },
  },
  {
    id: "revoked-mid-event",
    name: "MUST cut off a client whose access is revoked while it takes a snapshot",
    async run(trial) {
      const large = "x".repeat(16_000_000);
      const server = await trial.open({ state: { large }, adapter: { revocable: true } });
      const probe = await trial.connect(server);
      // At once: a server in another process goes on sending while this one waits for its turn.
      probe.pause();
      await trial.connections(server, 1);
      await server.revoke();
      await server.commit(setting("later", SECRET));
      await trial.connections(server, 0);
      probe.resume();
      await probe.gone();
      assert.equal(probe.ended, false);
      assert.equal(probe.events.length, 0);
    },
  },
];
