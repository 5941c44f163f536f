import assert from "node:assert/strict";
import type { Case } from "../case.ts";
import { isInitial, type Received } from "../event.ts";
import type { Probe } from "../probe.ts";
import { Replica } from "../replica.ts";
import { type Commit, setting } from "../subject.ts";

const APPEND = { query: "ops=append" };

const doc = (text: string) => ({ pad: "x".repeat(300), rows: [{ id: 1, text }] });

function growing(slice: string, value: string): Commit {
  return { changes: [{ op: "patch", slice, operations: [{ op: "append", path: "/rows/0/text", value }] }] };
}

/** The names of the operations that a client was sent. */
function operationsOf(probe: Probe): string[] {
  return probe.updates.flatMap(({ data }) => (data.patches ?? []).map(({ op }) => op));
}

/** The state of a client that received exactly these events. */
function having(events: readonly Received[]): Pick<Probe, "replica"> {
  const replica = new Replica(() => undefined);
  for (const event of events) replica.take(event);
  return { replica };
}

export const growthCases: readonly Case[] = [
  {
    id: "append-granted",
    name: "MUST say which operations are granted, and send the pieces of a growing text to clients that asked for them",
    async run(trial) {
      const server = await trial.open({ state: { a: doc("") } });
      const probe = await trial.follow(server, { query: "ops=future,append&ops=" });
      assert.deepEqual(probe.events.filter(isInitial).map(({ data }) => data.ops), [["append"]]); // prettier-ignore
      await server.commit(growing("a", "one "), growing("a", "two"));
      await probe.reaches({ a: doc("one two") });
      assert.deepEqual(operationsOf(probe), ["append", "append"]);
    },
  },
  {
    id: "append-strict",
    name: "MUST NOT send an operation beyond RFC 6902 to a client that did not ask for it",
    async run(trial) {
      const server = await trial.open({ state: { a: doc(""), b: doc("") } });
      const probes = [await trial.follow(server), await trial.follow(server, { query: "ops=future,Append" })];
      await server.commit(growing("a", "one"), growing("b", "one"), growing("a", " two"));
      for (const probe of probes) {
        await probe.reaches({ a: doc("one two"), b: doc("one") });
        assert.deepEqual(probe.events.filter(isInitial).map(({ data }) => data.ops), [undefined]); // prettier-ignore
        assert.deepEqual(operationsOf(probe), ["replace", "replace"]);
      }
    },
  },
  {
    id: "append-cut",
    name: "MUST bring a strict client of two growing texts to the state, wherever it was cut off",
    async run(trial) {
      const server = await trial.open({ state: { a: doc(""), b: doc("") } });
      const probe = await trial.follow(server);
      for (const [a, b] of [
        ["1", "1"],
        ["12", "12"],
      ] as const) {
        const piece = a.slice(-1);
        await server.commit(growing("a", piece), growing("b", "-"), growing("a", "-"), growing("b", piece));
        await probe.until(
          () => probe.updates.at(-1)?.data.more !== true && probe.updates.length >= 2 * b.length,
          "updates",
        );
      }
      const end = { a: doc("1-2-"), b: doc("-1-2") };
      await probe.reaches(end);
      for (const [index, { id }] of probe.events.entries()) {
        for (const dialect of [{}, APPEND]) {
          const after = having(probe.events.slice(0, index + 1));
          await (await trial.follow(server, { ...dialect, after, lastEventId: id })).reaches(end);
        }
      }
    },
  },
  {
    id: "append-replaced",
    name: "MUST bring clients of both dialects to the state of a text that shrinks, is replaced or is removed while it grows",
    async run(trial) {
      const server = await trial.open({ state: { a: doc(""), b: 0 } });
      const probes = [await trial.follow(server), await trial.follow(server, APPEND)];
      const reach = async (state: Record<string, unknown>): Promise<void> => {
        for (const probe of probes) await probe.reaches(state as never);
      };
      await server.commit(growing("a", "one two"), setting("a", doc("one")), growing("a", " three"));
      await reach({ a: doc("one three"), b: 0 });
      await server.commit(growing("a", "!"), setting("a", doc("other")), setting("b", 1), growing("a", " text"));
      await reach({ a: doc("other text"), b: 1 });
      await server.commit(growing("a", "!"), { changes: [{ op: "remove", slice: "a" }] });
      await reach({ b: 1 });
      await server.commit(setting("a", doc("")), growing("a", "again"));
      await reach({ a: doc("again"), b: 1 });
    },
  },
];
