import assert from "node:assert/strict";
import type { SnapshotReason } from "@statestream/core";
import type { Case } from "../case.ts";
import type { ProbeRequest } from "../probe-request.ts";
import { parseId } from "../replica.ts";
import { type Server, setting } from "../subject.ts";
import type { Trial } from "../trial.ts";
import { snapshotOf } from "./snapshot.ts";

/** Reconnects with an id; must get a snapshot with this reason, and then the changes after it. */
async function isGivenSnapshot(
  trial: Trial,
  server: Server,
  request: ProbeRequest,
  reason: SnapshotReason,
): Promise<void> {
  const probe = await trial.follow(server, request);
  const id = JSON.stringify(request.lastEventId ?? request.query);
  assert.equal(snapshotOf(probe.events[0]).reason, reason, `for the id ${id}`);
  probe.cut();
}

function idWith(id: string | undefined, parts: { epoch?: string; seq?: string; selection?: string }): string {
  const [epoch, seq, selection] = (id ?? "").split(".");
  const all = [parts.epoch ?? epoch, parts.seq ?? seq, parts.selection ?? selection];
  return all.filter((part) => part !== undefined).join(".");
}

export const reasonCases: readonly Case[] = [
  {
    id: "reason-trimmed",
    name: "MUST give a snapshot where the log no longer holds what was missed",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 }, options: { maxLogEvents: 3 } });
      const probe = await trial.follow(server);
      await trial.leave(server, probe);
      for (let n = 1; n <= 10; n++) await server.commit(setting("a", n));
      const back = await trial.resume(server, probe);
      assert.equal(snapshotOf(back.events[0]).reason, "trimmed");
      await back.reaches({ a: 10 });
    },
  },
  {
    id: "reason-costly",
    name: "MUST give a snapshot where what was missed costs more",
    async run(trial) {
      const server = await trial.open({ state: { a: "" } });
      const probe = await trial.follow(server);
      await trial.leave(server, probe);
      for (let n = 0; n < 10; n++) await server.commit(setting("a", `${n}${"x".repeat(20_000)}`));
      const back = await trial.resume(server, probe);
      assert.equal(snapshotOf(back.events[0]).reason, "trimmed");
      await back.reaches({ a: `9${"x".repeat(20_000)}` });
    },
  },
  {
    id: "reason-epoch",
    name: "MUST give a snapshot for a position of another log",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const other = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(other);
      await isGivenSnapshot(trial, server, { lastEventId: probe.lastEventId }, "epoch");
    },
  },
  {
    id: "reason-ahead",
    name: "MUST give a snapshot for a position ahead of the log",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      for (const seq of ["1", "zz", Number.MAX_SAFE_INTEGER.toString(36)]) {
        await isGivenSnapshot(trial, server, { lastEventId: idWith(probe.lastEventId, { seq }) }, "epoch");
      }
    },
  },
  {
    id: "reason-selection",
    name: "MUST give a snapshot where the id was for other slices",
    async run(trial) {
      const server = await trial.open({ state: { a: 0, b: 0 } });
      const all = await trial.follow(server);
      const a = await trial.follow(server, { slices: ["a"] });
      const b = await trial.follow(server, { slices: ["b"] });
      await isGivenSnapshot(trial, server, { lastEventId: a.lastEventId }, "selection");
      await isGivenSnapshot(trial, server, { lastEventId: all.lastEventId, slices: ["a"] }, "selection");
      const back = await trial.resume(server, b, { slices: ["a"] });
      assert.equal(snapshotOf(back.events[0]).reason, "selection");
      await back.reaches({ a: 0 });
    },
  },
  {
    id: "reason-invalid-id",
    name: "MUST give a snapshot for a malformed id, never an error",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const { lastEventId = "" } = await trial.follow(server);
      const epoch = parseId(lastEventId)?.epoch;
      const ids = [
        "1",
        "-1",
        "null",
        "undefined",
        `${epoch}`,
        `${epoch}.`,
        `${epoch}.-1`,
        `${epoch}.00`,
        `${epoch}.01`,
        `${epoch}.A`,
        `${epoch}.0x1`,
        `${epoch}.1_000`,
        `${epoch}.zzzzzzzzzzz`,
        `${epoch}.0.`,
        `${epoch}.0.short`,
        `${epoch}.0.nine-char`,
        `${epoch}.0.eight-ch.more`,
        `x${epoch}.0`,
        `${lastEventId}, ${lastEventId}`,
        `__proto__.0`,
        `${epoch}.0 0`,
        `{"epoch":"${epoch}"}`,
      ];
      for (const lastEventId of ids) {
        await isGivenSnapshot(trial, server, { lastEventId }, "invalid-id");
        await isGivenSnapshot(trial, server, { query: `lastEventId=${encodeURIComponent(lastEventId)}` }, "invalid-id");
      }
    },
  },
  {
    id: "reason-oversized",
    name: "MUST give a snapshot for an id of 8 KiB",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const { lastEventId = "" } = await trial.follow(server);
      for (const id of ["x".repeat(8192), `${lastEventId}.${"a".repeat(8192)}`, `${lastEventId}${"0".repeat(8192)}`]) {
        await isGivenSnapshot(trial, server, { lastEventId: id }, "invalid-id");
        await isGivenSnapshot(trial, server, { query: `lastEventId=${id}` }, "invalid-id");
      }
    },
  },
  {
    id: "reason-non-latin",
    name: "MUST give a snapshot for an id that is not ASCII",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      for (const id of ["é", "☃", "\u{1f600}", "ééééééééééé.0"]) {
        await isGivenSnapshot(trial, server, { lastEventId: id }, "invalid-id");
        await isGivenSnapshot(trial, server, { query: `lastEventId=${encodeURIComponent(id)}` }, "invalid-id");
      }
      for (const query of ["lastEventId=%00", "lastEventId=%0a%0aevent:%20x", "lastEventId=%ff%fe", "lastEventId=%"]) {
        await isGivenSnapshot(trial, server, { query }, "invalid-id");
      }
    },
  },
  {
    id: "reason-order",
    name: "MUST try the reasons invalid-id, epoch, selection, trimmed in this order",
    async run(trial) {
      const server = await trial.open({ state: { a: 0 }, options: { maxLogEvents: 2 } });
      const { lastEventId } = await trial.follow(server, { slices: ["a"] });
      for (let n = 1; n <= 5; n++) await server.commit(setting("a", n));
      const epoch = "AAAAAAAAAAA";
      await isGivenSnapshot(trial, server, { lastEventId: idWith(lastEventId, { epoch, seq: "00" }) }, "invalid-id");
      await isGivenSnapshot(trial, server, { lastEventId: idWith(lastEventId, { epoch }) }, "epoch");
      await isGivenSnapshot(trial, server, { lastEventId: idWith(lastEventId, { seq: "zz" }) }, "epoch");
      await isGivenSnapshot(trial, server, { lastEventId }, "selection");
      await isGivenSnapshot(trial, server, { lastEventId, slices: ["a"] }, "trimmed");
    },
  },
];
