import { expect, test } from "vitest";
import { applyPlainPatch } from "../src/plain-patch.ts";
import { PlainReplica } from "../src/plain-replica.ts";
import { randomFrom } from "../src/random.ts";
import { canonical, change, type ChaosState, initialState } from "../src/state.ts";

test("the story grows mostly, is cut and begun again, in halves of characters too, and stays small", () => {
  const random = randomFrom(7);
  let state: ChaosState = initialState;
  const seen = { grown: 0, cut: 0, chapters: 0, halves: 0 };
  for (let step = 0; step < 20_000; step++) {
    const next = { ...state, ...change(state, random) };
    const [before, after] = [state.story.text, next.story.text];
    if (after.length > before.length && after.startsWith(before)) seen.grown++;
    if (after.length < before.length) seen.cut++;
    if (/\p{Cs}/u.test(after)) seen.halves++;
    if (next.story.chapters.some(({ text }, index) => text !== state.story.chapters[index]?.text)) seen.chapters++;
    state = next;
    if (step % 100 === 0) expect(canonical(state).length).toBeLessThan(12_000);
  }
  expect(seen.grown).toBeGreaterThan(1000);
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
});

test("the rig's own applier knows append, and its strict client refuses it", () => {
  const patches = [{ op: "append", path: "/text", value: "b" }] as const;
  expect(applyPlainPatch({ text: "a" }, patches)).toEqual({ text: "ab" });
  expect(() => applyPlainPatch({ text: 1 }, patches)).toThrow("no text");
  for (const append of [true, false]) {
    const replica = new PlainReplica();
    replica.begin({ append });
    const common = { seq: 1, timestamp: 0, heartbeatMs: 1 };
    replica.take({ type: "state.initial", reason: "connect", slices: { s: { text: "a" } }, ...common }, "e.1");
    const misfit = replica.take({ type: "state.update", slice: "s", patches, base: 1, ...common, seq: 2 }, "e.2");
    expect(misfit === undefined).toBe(append);
    expect(replica.state).toEqual({ s: { text: append ? "ab" : "a" } });
  }
});
