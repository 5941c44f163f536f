import assert from "node:assert/strict";
import type { Case } from "../case.ts";
import { setting } from "../subject.ts";
import { allCases } from "./all.ts";

const DELIVERY: ReadonlySet<string> = new Set([
  "snapshot-first",
  "update-patch",
  "update-order",
  "resume-missed",
  "heartbeat-event",
  "leave-idle",
  "leave-early",
  "leave-quietly",
  "end-closed",
  "end-reuse",
]);

/** What must hold with any middleware or proxy in front: each event arrives at once, and clients that leave are released. */
export const deliveryCases: readonly Case[] = allCases.filter(({ id }) => DELIVERY.has(id));

/** Headers set by others must reach the client, in the head that comes before the first event. */
export function headersArrive(headers: Readonly<Record<string, RegExp>>): Case {
  return {
    id: "headers-arrive",
    name: `MUST keep the headers ${Object.keys(headers).join(", ")}`,
    async run(trial) {
      const server = await trial.open({ state: { a: 0 } });
      const probe = await trial.follow(server);
      const text = (wanted: string): string =>
        probe.headers
          .filter(([name]) => name === wanted)
          .map(([, value]) => value)
          .join(", ");
      for (const [name, expected] of Object.entries(headers)) assert.match(text(name), expected, name);
      await server.commit(setting("a", 1));
      await probe.reaches({ a: 1 });
    },
  };
}
