import assert from "node:assert/strict";
import type { Case } from "../case.ts";
import type { Probe } from "../probe.ts";
import { parseId } from "../replica.ts";
import { SECRET } from "../rules.ts";
import { set, setting } from "../subject.ts";

const ABC = { a: 0, b: 0, c: 0 };

function slicesTold(probe: Probe): string[] {
  return [...new Set(probe.updates.map(({ data }) => data.slice))];
}

function selectionOf(probe: Probe): string | undefined {
  return parseId(probe.lastEventId ?? "")?.selection;
}

export const selectionCases: readonly Case[] = [
  {
    id: "slices-list",
    name: "MUST show only the slices that the stream lists",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, hidden: SECRET }, options: { slices: ["a", "later"] } });
      const probe = await trial.follow(server);
      await probe.reaches({ a: 0 });
      await server.commit(setting("hidden", `${SECRET} too`), setting("later", 1));
      await probe.reaches({ a: 0, later: 1 });
      await (await trial.follow(server, { slices: ["hidden", "a"] })).reaches({ a: 0 });
    },
  },
  {
    id: "slices-function",
    name: "MUST decide again on each change which slices are visible",
    async run(trial) {
      const state = { visible: ["visible", "a"], a: 1, b: SECRET };
      const server = await trial.open({ state, options: { slices: { listedIn: "visible" } } });
      const probe = await trial.follow(server);
      await probe.reaches({ visible: ["visible", "a"], a: 1 });
      await server.commit(setting("b", 2));
      await server.commit(setting("visible", ["visible", "b"]));
      await probe.reaches({ visible: ["visible", "b"], b: 2 });
      await server.commit(setting("a", SECRET), setting("b", 3));
      await probe.reaches({ visible: ["visible", "b"], b: 3 });
      await (await trial.follow(server)).reaches({ visible: ["visible", "b"], b: 3 });
    },
  },
  {
    id: "slices-hidden-resume",
    name: "MUST NOT replay what is no longer visible",
    async run(trial) {
      const state = { visible: ["visible", "a", "b"], a: 1, b: 1 };
      const server = await trial.open({ state, options: { slices: { listedIn: "visible" } } });
      const [probe, narrowed] = [await trial.follow(server), await trial.follow(server, { slices: ["b"] })];
      await trial.leave(server, probe, narrowed);
      await server.commit(setting("b", SECRET));
      await server.commit(setting("visible", ["visible", "a"]));
      const back = await trial.resume(server, probe);
      await back.reaches({ visible: ["visible", "a"], a: 1 });
      await (await trial.resume(server, narrowed, { slices: ["b"] })).reaches({});
    },
  },
  {
    id: "narrow-query",
    name: "MUST narrow a connection to the slices of its query",
    async run(trial) {
      const server = await trial.open({ state: ABC });
      const probe = await trial.follow(server, { slices: ["a", "c"] });
      await probe.reaches({ a: 0, c: 0 });
      await server.commit({ changes: [set("a", 1), set("b", 1), set("c", 1)] });
      await probe.reaches({ a: 1, c: 1 });
      assert.deepEqual(slicesTold(probe), ["a", "c"]);
    },
  },
  {
    id: "narrow-options",
    name: "MUST narrow every connection to the slices of the adapter's options",
    async run(trial) {
      const server = await trial.open({ state: ABC, adapter: { slices: ["b"] } });
      const probe = await trial.follow(server);
      await probe.reaches({ b: 0 });
      await server.commit(setting("a", 1), setting("b", 1));
      await probe.reaches({ b: 1 });
      assert.deepEqual(slicesTold(probe), ["b"]);
    },
  },
  {
    id: "narrow-never-widens",
    name: "MUST NOT let a query see more than the adapter's options allow",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0, c: SECRET }, adapter: { slices: ["a", "b"] } });
      const probe = await trial.follow(server, { slices: ["b", "c"] });
      await probe.reaches({ b: 0 });
      await server.commit(setting("c", `${SECRET} too`), setting("a", 1), setting("b", 1));
      await probe.reaches({ b: 1 });
      await (await trial.follow(server, { slices: ["c"] })).reaches({});
    },
  },
  {
    id: "narrow-empty-options",
    name: "MUST select nothing where the adapter's options list no slice",
    async run(trial) {
      const server = await trial.open({ state: { a: SECRET }, adapter: { slices: [] }, options: { heartbeatMs: 40 } });
      const probe = await trial.follow(server);
      await server.commit(setting("a", `${SECRET} too`));
      // A heartbeat whose position is after the change shows that the change will not be sent.
      await probe.until(() => parseId(probe.lastEventId ?? "")?.seq === 1, "a heartbeat at 1");
      await probe.reaches({});
      assert.equal(probe.updates.length, 0);
      await (await trial.follow(server, { slices: ["a"] })).reaches({});
    },
  },
  {
    id: "narrow-empty-query",
    name: "MUST select nothing, never everything, for an empty name",
    async run(trial) {
      const server = await trial.open({ state: { a: 1 } });
      for (const query of ["slices=", "slices", "slices=&slices="]) {
        const probe = await trial.follow(server, { query });
        await probe.reaches({});
      }
    },
  },
  {
    id: "narrow-unknown",
    name: "MUST send a slice that was requested before it existed",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server, { slices: ["later"] });
      await probe.reaches({});
      await server.commit(setting("a", 1), setting("later", 1));
      await probe.reaches({ later: 1 });
    },
  },
  {
    id: "narrow-hostile",
    name: "MUST NOT reach a prototype by a slice name, and MUST send a slice that has such a name",
    async run(trial) {
      const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "prototype"];
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server, { slices: names });
      await probe.reaches({});
      for (const name of names) await server.commit(setting(name, { name }));
      await probe.reaches(Object.fromEntries(names.map((name) => [name, { name }])));
      await (await trial.follow(server, { slices: ["__proto__"] })).reaches({ ["__proto__"]: { name: "__proto__" } });
    },
  },
  {
    id: "selection-in-id",
    name: "MUST mark the ids of a narrowed connection, the same for the same names in any order",
    async run(trial) {
      const server = await trial.open({ state: ABC });
      const all = await trial.follow(server);
      const ab = await trial.follow(server, { slices: ["a", "b"] });
      const bab = await trial.follow(server, { slices: ["b", "a", "b"] });
      const c = await trial.follow(server, { slices: ["c"] });
      assert.equal(selectionOf(all), undefined);
      assert.match(selectionOf(ab) ?? "", /^[\w-]{8}$/);
      assert.equal(selectionOf(bab), selectionOf(ab));
      assert.notEqual(selectionOf(c), selectionOf(ab));
      // A list of two names must differ from one name with a comma in it.
      const joined = await trial.follow(server, { slices: ["a,b"] });
      assert.notEqual(selectionOf(joined), selectionOf(ab));
    },
  },
];
