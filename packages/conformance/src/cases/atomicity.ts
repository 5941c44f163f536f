import assert from "node:assert/strict";
import type { Connection } from "@statestream/core";
import type { Case } from "../case.ts";
import type { Probe } from "../probe.ts";
import { offered, type Server, setting } from "../subject.ts";
import { watchWrites } from "../writes.ts";
import { snapshotOf } from "./snapshot.ts";

function inProcess(server: Server): NonNullable<Server["process"]> {
  assert.ok(server.process !== undefined, "this case must be in the server's process");
  return server.process;
}

/** Everything that a connection has to send now. */
function textOf(connection: Connection): string {
  let text = "";
  for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read())
    text += Buffer.from(bytes).toString();
  return text;
}

export const atomicityCases: readonly Case[] = [
  {
    id: "connect-while-changing",
    name: "MUST lose no change between a snapshot and what follows it",
    async run(trial) {
      const server = await trial.open({ state: { n: 0 } });
      const probes: Probe[] = [];
      const connecting = async (): Promise<void> => {
        while (probes.length < 24) probes.push(await trial.follow(server));
      };
      await Promise.all([server.offer({ slice: "n", bytes: 1, times: 300 }), connecting()]);
      for (const probe of probes) await probe.reaches({ n: offered(1, 300) });
    },
  },
  {
    id: "change-during-snapshot",
    name: "MUST send a change made while the snapshot is being written, after it",
    async run(trial) {
      const large = "x".repeat(8_000_000);
      const server = await trial.open({ state: { large, n: 0 } });
      const probe = trial.send(server, { paused: true });
      await trial.connections(server, 1);
      await server.commit(setting("n", 1), setting("n", 2));
      await server.commit(setting("n", 3));
      probe.resume();
      await probe.reaches({ large, n: 3 });
      assert.equal(snapshotOf(probe.events[0]).reason, "connect");
    },
  },
  {
    id: "connect-in-listener",
    name: "MUST NOT send a change twice to a client that connects before the stream is notified of it",
    needs: "process",
    async run(trial) {
      const server = await trial.open({ state: { list: [0] }, source: "store" });
      const { stream, beforeStream } = inProcess(server);
      let connection: Connection | undefined;
      let text = "";
      beforeStream(() => {
        connection = stream.connect();
        text += textOf(connection);
      });
      const probe = await trial.follow(server);
      await server.commit(setting("list", [0, 1]));
      await probe.reaches({ list: [0, 1] });
      if (connection !== undefined) text += textOf(connection);
      connection?.close();
      assert.match(text, /"slices":\{"list":\[0\]\},"reason":"connect","seq":0/);
      assert.match(text, /"slice":"list","seq":1,"base":0,/);
    },
  },
  {
    id: "connect-in-batch",
    name: "MUST send a client that connects within a commit the state before it",
    needs: "process",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0 } });
      const { stream, batch } = inProcess(server);
      const connections: Connection[] = [];
      let text = "";
      batch(() => {
        void server.commit(setting("a", 1));
        const connection = stream.connect();
        connections.push(connection);
        text += textOf(connection);
        assert.deepEqual(stream.state, { a: 0, b: 0 });
        void server.commit(setting("b", 1));
      });
      for (const connection of connections) {
        text += textOf(connection);
        connection.close();
      }
      assert.match(text, /"slices":\{"a":0,"b":0\},"reason":"connect","seq":0/);
      assert.match(text, /"slice":"a","seq":1,.*"more":true[^]*"slice":"b","seq":2,/);
    },
  },
  {
    id: "shared-bytes",
    name: "MUST give every connection of a selection the same bytes",
    needs: "process",
    async run(trial) {
      const server = await trial.open({ state: { a: "x".repeat(1000), b: 0 } });
      const { stream } = inProcess(server);
      for (const slices of [undefined, ["a"]]) {
        const connections = [1, 2, 3].map(() => stream.connect({ slices }));
        for (const connection of connections) connection.read();
        const snapshots = new Set(connections.map((connection) => connection.read()));
        assert.equal(snapshots.size, 1, "the snapshot");
        for (const connection of connections) connection.read();
        await server.commit(setting("a", "y"), setting("b", 1), setting("a", "x".repeat(1000)));
        const updates = new Set(connections.map((connection) => connection.read()));
        assert.equal(updates.size, 1, "the updates");
        assert.ok(!updates.has(undefined));
        for (const connection of connections) connection.close();
      }
    },
  },
  {
    id: "shared-bytes-written",
    name: "MUST write the same bytes to every response, not copies",
    needs: "process",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probes = await Promise.all([1, 2, 3].map(() => trial.follow(server)));
      const mark = `mark ${Math.random()}`;
      const written: Uint8Array[] = [];
      const stop = watchWrites((chunk) => {
        if (chunk instanceof Uint8Array && Buffer.from(chunk).includes(mark)) written.push(chunk);
      });
      try {
        await server.commit(setting("a", mark));
        for (const probe of probes) await probe.reaches({ a: mark });
      } finally {
        stop();
      }
      // Node may wrap the same memory in another Buffer.
      const places = written.map(({ buffer, byteOffset }) => [buffer, byteOffset] as const);
      assert.equal(places.length, 3);
      for (const [buffer, byteOffset] of places) {
        assert.ok(buffer === places[0]?.[0] && byteOffset === places[0][1], "a response got a copy");
      }
    },
  },
];
