import { createStateStream, type StateEvent } from "@statestream/core";
import { expect, test } from "vitest";
import { createTraffic } from "../../src/model/traffic.ts";

const change: StateEvent = { type: "state.update", slice: "a", seq: 1, base: 0, timestamp: 0 };

test("weighs the whole state, as an event, once for each commit", () => {
  const traffic = createTraffic();
  const state = { a: { text: "ä" }, b: [1, 2, 3] };
  const connection = createStateStream({ initialState: state }).connect();
  let whole = "";
  for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read())
    whole += Buffer.from(bytes).toString();
  whole = whole.replace(/^retry: .*\n+/, "");
  traffic.take(change, state);
  // Positions have more or fewer digits, and there is a comma too many.
  expect(Math.abs(traffic.snapshotBytes - Buffer.byteLength(whole))).toBeLessThanOrEqual(8);
  const once = traffic.snapshotBytes;
  traffic.take({ ...change, more: true }, state);
  traffic.take({ type: "heartbeat", seq: 1, head: 1, heartbeatMs: 5000, timestamp: 0 }, state);
  traffic.take(change, undefined);
  expect(traffic.snapshotBytes).toBe(once);
  traffic.take(change, state);
  expect(traffic.snapshotBytes).toBe(2 * once);
});
