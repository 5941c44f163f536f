import { expect, test } from "vitest";
import { continueStream, readState } from "../../src/replication/continue.ts";
import { hasKnownCheckpointFormat, readCheckpoint, textOfCheckpoint } from "../../src/replication/checkpoint.ts";
import type { LogStart } from "../../src/replication/log-start.ts";
import { epoch, originOf } from "../support/copies.ts";

const start: LogStart = {
  seq: 5,
  lineage: [[0, epoch("a")], [3, epoch("b")]], // prettier-ignore
  lasts: [["a", 5], ["__proto__", 2], ["gone", 4]], // prettier-ignore
  removed: ["gone"],
  forgotten: 1,
};
const slices = [["a", { n: [1] }], ["__proto__", null]] as const; // prettier-ignore
const texts = slices.map(([slice, json]) => [slice, JSON.stringify(json)] as const);

test("a checkpoint is read as it was written", () => {
  expect(readCheckpoint(textOfCheckpoint(start, texts))).toStrictEqual({ start, slices });
});

test("its state has each slice as a member of its own, whatever its name", () => {
  const { state, removed } = readState(textOfCheckpoint(start, texts));
  expect(Object.entries(state)).toStrictEqual([["a", { n: [1] }], ["__proto__", null]]); // prettier-ignore
  expect(Object.getPrototypeOf(state)).toBe(Object.prototype);
  expect(removed).toStrictEqual(["gone"]);
});

test("a stream's checkpoint has what clients see, and where that is", () => {
  const { stream, checkpoint } = originOf({ a: 1, secret: 2 }, { slices: ["a", "b"] });
  stream.set("b", 1);
  stream.remove("b");
  expect(readCheckpoint(checkpoint())).toStrictEqual({
    start: { seq: 2, lineage: [[0, epoch("a")]], lasts: [["b", 2]], removed: ["b"], forgotten: 0 },
    slices: [["a", 1]],
  });
});

const changes: Record<string, object> = {
  "no seq": { seq: undefined },
  "a seq below 0": { seq: -1 },
  "a seq between two": { seq: 5.5 },
  "no lineage": { lineage: [] },
  "an epoch that is none": { lineage: [[0, "a"]] },
  "a step that is no pair": { lineage: [[0]] },
  "a step from nowhere": { lineage: [["0", epoch("a")]] },
  "a step after its end": { lineage: [[6, epoch("a")]] },
  "steps out of order": { lineage: [[3, epoch("b")], [0, epoch("a")]] }, // prettier-ignore
  "two steps at one place": { lineage: [[3, epoch("b")], [3, epoch("a")]] }, // prettier-ignore
  "a last event that is no seq": { lasts: [["a", null]] },
  "a last event after its end": { lasts: [["a", 6]] },
  "a slice that is no name": { lasts: [[1, 1]] },
  "a removed slice that is no name": { removed: [1] },
  "no list of removed slices": { removed: {} },
  "something forgotten after its end": { forgotten: 6 },
};

test.each(Object.entries(changes))("with %s it is none", (_what, change) => {
  const text = textOfCheckpoint({ ...start, ...change }, texts);
  expect(() => readCheckpoint(text)).toThrow("Not a checkpoint");
});

test.each([
  "",
  "null",
  "[]",
  "{}",
  `{"start":${JSON.stringify(start)}}`,
  `{"start":${JSON.stringify(start)},"slices":[[1,1]]}`,
])("%s is not a checkpoint", (text) => {
  expect(() => readCheckpoint(text)).toThrow(Error);
});

test("a checkpoint without a format number is of the first format, and one of a later format is refused, whatever it has", () => {
  const continued = continueStream(
    { initialState: { text: "state" } },
    { epoch: "epoch000001", onCommit: () => undefined },
  );
  const text = continued.checkpoint();
  expect(text).toMatch(/^\{"format":1,"start":/);
  const older = text.replace('"format":1,', "");
  expect(readState(older)).toStrictEqual(readState(text));
  expect(hasKnownCheckpointFormat(older)).toBe(true);
  const later = text.replace('"format":1,', '"format":2,');
  expect(hasKnownCheckpointFormat(later)).toBe(false);
  expect(() => readState(later)).toThrow("later version");
});
