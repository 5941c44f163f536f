import assert from "node:assert/strict";
import type { Json, StateUpdateEvent } from "@statestream/core";
import type { Case } from "../case.ts";
import type { Probe } from "../probe.ts";
import { offered, set, setting } from "../subject.ts";
import type { Trial } from "../trial.ts";

/** What the client's update at an index says. */
export function updateOf(probe: Probe, index: number): StateUpdateEvent {
  const update = probe.updates[index];
  assert.ok(update !== undefined, `there is no update ${index}`);
  return update.data;
}

/** Sets one slice to one value after the other; each must come as a value. */
async function comesAsValues(trial: Trial, values: readonly Json[]): Promise<void> {
  const [first = null, ...others] = values;
  const server = await trial.open({ state: { slice: first } });
  const probe = await trial.follow(server);
  for (const [index, value] of others.entries()) {
    await server.commit(setting("slice", value));
    await probe.reaches({ slice: value });
    assert.ok(Object.hasOwn(updateOf(probe, index), "value"), `${JSON.stringify(value)} must come as a value`);
  }
}

export const updateCases: readonly Case[] = [
  {
    id: "update-patch",
    name: "MUST send a small change of a large slice as a patch relative to it",
    async run(trial) {
      const cells = Array.from({ length: 100 }, (_, index) => ({ index, text: "unchanged" }));
      const server = await trial.open({ state: { board: { title: "x", cells }, other: 1 } });
      const probe = await trial.follow(server);
      await server.commit(setting("board", { title: "y", cells }));
      await probe.reaches({ board: { title: "y", cells }, other: 1 });
      const { seq, base, slice, patches } = updateOf(probe, 0);
      assert.deepEqual({ seq, base, slice }, { seq: 1, base: 0, slice: "board" });
      assert.deepEqual(patches, [{ op: "replace", path: "/title", value: "y" }]);
    },
  },
  {
    id: "update-patch-lists",
    name: "MUST add, remove and move members and items with patches that apply",
    async run(trial) {
      const padding = "p".repeat(2000);
      const values: Json[] = [
        { padding, list: [1, 2, 3], map: { a: { deep: [1] } } },
        { padding, list: [0, 1, 2, 3], map: { a: { deep: [1] }, b: 1 } },
        { padding, list: [3], map: { b: 2 } },
        { padding, list: [], map: { "": 0, "a/b": 1, "m~n": 2 } },
        { padding, list: [[], {}], map: { "a/b": { "~1": 2 } } },
      ];
      const server = await trial.open({ state: { slice: values[0] as Json } });
      const probe = await trial.follow(server);
      for (const [index, value] of values.slice(1).entries()) {
        await server.commit(setting("slice", value));
        await probe.reaches({ slice: value });
        assert.ok(updateOf(probe, index).patches !== undefined, `change ${index} must come as a patch`);
      }
    },
  },
  {
    id: "update-operations",
    name: "MUST send the operations that the application gives",
    async run(trial) {
      const server = await trial.open({ state: { list: ["a", "b", "c", "x".repeat(600)] } });
      const probe = await trial.follow(server);
      await server.commit({
        changes: [{ op: "patch", slice: "list", operations: [{ op: "move", from: "/0", path: "/2" }] }],
      });
      await probe.reaches({ list: ["b", "c", "a", "x".repeat(600)] });
    },
  },
  {
    id: "update-value-new",
    name: "MUST send a slice that was absent as a value with base 0",
    async run(trial) {
      const server = await trial.open({ state: { a: 1 } });
      const probe = await trial.follow(server);
      await server.commit(setting("fresh", { deep: [] }));
      await probe.reaches({ a: 1, fresh: { deep: [] } });
      const { value, base } = updateOf(probe, 0);
      assert.deepEqual({ value, base }, { value: { deep: [] }, base: 0 });
    },
  },
  {
    id: "update-value-costly",
    name: "MUST send the value where a patch costs more than max(512, the value)",
    async run(trial) {
      const values = (text: string): Json =>
        Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`member ${index}`, text]));
      await comesAsValues(trial, [values("a"), values("b"), values("c")]);
    },
  },
  {
    id: "update-removed",
    name: "MUST send the removal of a slice, and continue from there when it is back",
    async run(trial) {
      const server = await trial.open({ state: { a: 1, b: { c: 1 } } });
      const probe = await trial.follow(server);
      await server.commit({ changes: [{ op: "remove", slice: "b" }] });
      await probe.reaches({ a: 1 });
      assert.equal(updateOf(probe, 0).removed, true);
      await server.commit(setting("b", null));
      await probe.reaches({ a: 1, b: null });
      const { value, base, seq } = updateOf(probe, 1);
      assert.deepEqual({ value, base, seq }, { value: null, base: 1, seq: 2 });
    },
  },
  {
    id: "update-primitive",
    name: "MUST send primitives as values",
    run: (trial) => comesAsValues(trial, [0, 1, -1.5, "", "text", true, false]),
  },
  {
    id: "update-null",
    name: "MUST distinguish null from absent and from empty",
    run: (trial) => comesAsValues(trial, [null, {}, null, [], null, 0, null]),
  },
  {
    id: "update-kind",
    name: "MUST send a value where an object becomes an array, or a container becomes a primitive",
    run: (trial) => comesAsValues(trial, [{}, [], { 0: "a" }, ["a"], "a", { a: 1 }, 7, [7]]),
  },
  {
    id: "update-in-place",
    name: "MUST send a change made in place, and the next one",
    async run(trial) {
      const server = await trial.open({ state: { slice: { a: 1, b: "x" } } });
      const probe = await trial.follow(server);
      for (const value of [2, 3, 4]) {
        await server.commit({ changes: [{ op: "mutate", slice: "slice", member: "a", value }] });
        await probe.reaches({ slice: { a: value, b: "x" } });
      }
      const late = await trial.follow(server);
      await late.reaches({ slice: { a: 4, b: "x" } });
    },
  },
  {
    id: "update-unchanged",
    name: "MUST NOT send an event where nothing changed",
    async run(trial) {
      const server = await trial.open({ state: { a: { x: [1, { y: null }] }, b: 1 } });
      const probe = await trial.follow(server);
      await server.commit(setting("a", { x: [1, { y: null }] }), setting("b", 1));
      await server.commit({ changes: [{ op: "remove", slice: "absent" }] }, setting("b", 2));
      await probe.reaches({ a: { x: [1, { y: null }] }, b: 2 });
      assert.equal(probe.updates.length, 1);
      assert.equal(updateOf(probe, 0).seq, 1);
    },
  },
  {
    id: "update-everybody",
    name: "MUST send every client the same events with the same ids",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0 } });
      const probes = await Promise.all([1, 2, 3].map(() => trial.follow(server)));
      await server.commit(setting("a", 1));
      await server.commit({ changes: [set("a", 2), set("b", 2)], cause: { type: "both" } });
      for (const probe of probes) await probe.reaches({ a: 2, b: 2 });
      const sent = probes.map(({ updates }) => JSON.stringify(updates.map(({ id, data }) => [id, data])));
      assert.equal(new Set(sent).size, 1);
    },
  },
  {
    id: "update-order",
    name: "MUST send changes in order, none missing and none twice",
    async run(trial) {
      const server = await trial.open({ state: { n: 0 } });
      const probe = await trial.follow(server);
      await server.offer({ slice: "n", bytes: 10, times: 200 });
      await probe.reaches({ n: offered(10, 200) });
      assert.deepEqual(
        probe.updates.map(({ data }) => data.seq),
        Array.from({ length: 200 }, (_, index) => index + 1),
      );
    },
  },
];
