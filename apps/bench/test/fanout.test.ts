import { expect, test } from "vitest";
import { bare, ours, peers } from "../src/fanout/entries.ts";
import { type Entry, measure, type Plan } from "../src/fanout/measure.ts";
import { startNodeSubject } from "../src/fanout/subject.ts";

// Real servers, in processes of their own; what is measured here is nobody's business.

const plan: Plan = { kilobytes: 5, connections: 4, rounds: 1, changes: 3, latencySeconds: 0.1, progress: () => {} };

const losing = (kind: string): Entry => ({
  name: kind,
  start: (kilobytes) => startNodeSubject(new URL("losing.mjs", import.meta.url).href, kilobytes, { kind }),
});

test("every correct contender is measured, on the requested path", { timeout: 60_000 }, async () => {
  const entries = [ours.socket("node"), ours.write("express"), ours.write("hono"), ours.web, ours.cloned, bare.socket];
  const measured = await measure([...entries, bare.web, ...Object.values(peers)], plan);
  expect(measured.map(({ name, wrong }) => [name, wrong]).filter(([, wrong]) => wrong !== undefined)).toEqual([]);
  expect(measured.every(({ us, latency }) => us.length === 1 && latency !== undefined)).toBe(true);
});

test("a contender that loses or changes an update is marked wrong and not measured", { timeout: 60_000 }, async () => {
  const [lost, other, right] = await measure([losing("lost"), losing("other"), losing("")], plan);
  expect(lost).toMatchObject({ wrong: "1 clients missed updates", us: [] });
  expect(other).toMatchObject({ wrong: "a client has another state", us: [] });
  expect(right?.wrong).toBeUndefined();
});

test("a path that is not taken is not believed", { timeout: 60_000 }, async () => {
  const [unforced] = await measure([{ ...ours.socket("node"), forced: true }], plan);
  expect(unforced?.wrong).toBe("not on the path it is to be on");
});
