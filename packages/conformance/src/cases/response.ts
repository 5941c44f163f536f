import assert from "node:assert/strict";
import type { Case } from "../case.ts";
import type { Probe } from "../probe.ts";

const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
  incremental: "?1",
};

function checkHeaders(probe: Probe): void {
  for (const [name, value] of Object.entries(HEADERS)) assert.equal(probe.header(name), value, name);
}

export const responseCases: readonly Case[] = [
  {
    id: "status-and-headers",
    name: "MUST answer 200 with the headers of the protocol",
    async run(trial) {
      const server = await trial.open({ state: { a: 1 } });
      const probe = await trial.request(server);
      assert.equal(probe.status, 200);
      checkHeaders(probe);
      assert.equal(probe.header("content-encoding"), undefined);
    },
  },
  {
    id: "no-connection-header",
    name: "MUST NOT set Connection or Transfer-Encoding, which are the HTTP server's",
    async run(trial) {
      const server = await trial.open({ state: { a: 1 } });
      // The server sets both by itself, according to the request: a value that contradicts it was set by somebody else.
      const closing = await trial.follow(server, { headers: { connection: "close" } });
      assert.match(closing.header("connection") ?? "close", /^close$/i);
      const old = await trial.follow(server, { version: "1.0" });
      assert.equal(old.header("transfer-encoding"), undefined);
      assert.match(old.header("connection") ?? "close", /^close$/i);
    },
  },
  {
    id: "http-1.0",
    name: "MUST serve a client of HTTP/1.0, which cannot read chunks",
    async run(trial) {
      const server = await trial.open({ state: { a: 1 } });
      const probe = await trial.follow(server, { version: "1.0" });
      await server.commit({ changes: [{ op: "set", slice: "a", value: 2 }] });
      await probe.reaches({ a: 2 });
      await server.close();
      await probe.end();
      assert.equal(probe.events.at(-1)?.event, "state.end");
    },
  },
  {
    id: "first-bytes",
    name: "MUST begin at once with a retry line, then the first event",
    async run(trial) {
      const server = await trial.open({ state: { a: 1 } });
      const probe = await trial.follow(server);
      // Node may send both in one chunk, where two writes follow each other in one tick.
      assert.ok((await probe.event(0)).chunk <= 1);
      assert.equal(typeof probe.retryMs, "number");
    },
  },
  {
    id: "retry-spread",
    name: "MUST send clients different retry times, between the option and twice that",
    async run(trial) {
      const server = await trial.open({ state: {}, options: { retryMs: 5000 } });
      const probes = await Promise.all(Array.from({ length: 8 }, () => trial.follow(server)));
      const times = probes.map(({ retryMs = 0 }) => retryMs);
      assert.ok(
        times.every((ms) => ms >= 5000 && ms < 10_000),
        `the times are ${times.join(", ")}`,
      );
      assert.ok(new Set(times).size > 1, `every client was sent ${times[0]}`);
    },
  },
  {
    id: "head-answers",
    name: "MUST answer HEAD with the headers alone",
    async run(trial) {
      const server = await trial.open({ state: { a: 1 } });
      const probe = await trial.request(server, { method: "HEAD" });
      await probe.end();
      assert.equal(probe.status, 200);
      checkHeaders(probe);
      // A body that was sent anyway would arrive before the next answer.
      const next = await trial.again(probe);
      await next.reaches({ a: 1 });
    },
  },
  {
    id: "options-opens-nothing",
    name: "MUST answer OPTIONS with 204 and no body, and open nothing",
    async run(trial) {
      const server = await trial.open({ state: { a: 1 } });
      const probe = await trial.request(server, { method: "OPTIONS" });
      await probe.end();
      assert.deepEqual([probe.status, probe.bodyBytes], [204, 0]);
      assert.equal(await server.connections(), 0);
      // A body that was sent anyway would arrive before the next answer.
      await (await trial.again(probe)).reaches({ a: 1 });
    },
  },
  {
    id: "head-leaves-nothing",
    name: "MUST keep nothing of 100 HEAD requests",
    async run(trial) {
      const server = await trial.open({ state: { a: 1 } });
      let probe = await trial.request(server, { method: "HEAD" });
      for (let count = 1; count < 100; count++) {
        await probe.end();
        probe = await trial.again(probe, { method: "HEAD" });
      }
      await probe.end();
      assert.equal(await server.connections(), 0);
      const get = await trial.follow(server);
      await server.commit({ changes: [{ op: "set", slice: "a", value: 2 }] });
      await get.reaches({ a: 2 });
      assert.equal(await server.connections(), 1);
    },
  },
];
