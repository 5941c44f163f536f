import assert from "node:assert/strict";
import type { Case } from "../case.ts";
import { assertQuiet } from "../noise.ts";
import { setting } from "../subject.ts";

export const leavingCases: readonly Case[] = [
  {
    id: "leave-idle",
    name: "MUST release a client that leaves while nothing happens",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probes = await Promise.all(Array.from({ length: 5 }, () => trial.follow(server)));
      await trial.connections(server, 5);
      for (const probe of probes.slice(1)) probe.cut();
      await trial.connections(server, 1);
      await server.commit(setting("a", 1));
      await probes[0]?.reaches({ a: 1 });
    },
  },
  {
    id: "leave-resumed",
    name: "MUST release a client that came back and leaves again",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      let probe = await trial.follow(server);
      for (let count = 0; count < 5; count++) probe = await trial.resume(server, probe);
      await trial.connections(server, 1);
      await trial.leave(server, probe);
    },
  },
  {
    id: "leave-early",
    name: "MUST release a client that leaves before it is answered",
    async run(trial) {
      const server = await trial.open({ state: { large: "x".repeat(300_000) } });
      for (let count = 0; count < 10; count++) {
        const probe = trial.send(server);
        // Some before the request is out, some when the answer is on its way.
        for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
        probe.cut();
      }
      const last = await trial.follow(server);
      assert.equal(last.status, 200);
      await trial.connections(server, 1);
    },
  },
  {
    id: "leave-pipelined",
    name: "MUST close the connections of requests that were queued on a socket when it is closed",
    async run(trial) {
      // Where a framework queues bytes, Node stops reading the socket, and only a write shows that the client has left.
      const server = await trial.open({ state: { a: 0 }, options: { heartbeatMs: 100 } });
      const { host, pathname } = new URL(server.url);
      const head = `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
      const socket = trial.socket(server);
      let answered = false;
      const ignore = (): void => undefined;
      socket.send(
        { method: "GET", target: pathname, headers: [["host", host]], version: "1.1", body: head.repeat(300) },
        { head: () => (answered = true), body: ignore, end: ignore, closed: ignore, fault: ignore },
      );
      await trial.until(() => answered, "the first request is answered");
      await trial.until(async () => (await server.connections()) > 0, "a connection is open");
      socket.destroy();
      await trial.connections(server, 0);
      await (await trial.follow(server)).reaches({ a: 0 });
    },
  },
  {
    id: "leave-quietly",
    name: "MUST NOT log, warn or fail when clients leave",
    needs: "process",
    async run(trial) {
      await assertQuiet(async () => {
        const server = await trial.open({ state: { a: 0, large: "x".repeat(9_000_000) } });
        for (let count = 0; count < 12; count++) {
          const narrow = { slices: ["a"] };
          const probe = count % 3 === 0 ? trial.send(server) : await trial.follow(server, narrow);
          // In turn: before it is answered, while nothing happens, while a change is being written.
          if (count % 3 === 2) await server.commit(setting("a", count));
          probe.cut();
          if (count % 3 === 1) await server.commit(setting("a", count));
        }
        const blocked = [await trial.connect(server), await trial.connect(server)];
        for (const probe of blocked) probe.pause();
        await server.commit(setting("a", "last"));
        await trial.leave(server, ...blocked);
        await server.commit(setting("a", "after"));
        await (await trial.follow(server, { slices: ["a"] })).reaches({ a: "after" });
      });
    },
  },
  {
    id: "leave-listeners",
    name: "MUST serve many requests on one socket, with nothing left over from earlier ones",
    needs: "process",
    async run(trial) {
      await assertQuiet(async () => {
        const server = await trial.open({ state: { a: 0 } });
        let probe = await trial.request(server, { method: "HEAD" });
        // More than the listeners of one emitter at which Node warns.
        for (let count = 0; count < 15; count++) {
          await probe.end();
          probe = await trial.again(probe, { method: "HEAD" });
        }
      });
    },
  },
];
