import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Probes } from "../../src/redis/probes.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Probes of four parts, each of which has the streams whose key is its number. */
function fourParts() {
  const broken = new Set<number>();
  const counts = { commands: 0, messages: 0 };
  const changes: string[] = [];
  const probes: Probes = new Probes({
    probeMs: 1000,
    parts: 4,
    partOf: Number,
    async send(part, n) {
      if (broken.has(part)) throw new Error("no answer");
      probes.heard(part, n);
    },
    reopenCommands: () => counts.commands++,
    reopenMessages: () => counts.messages++,
  });
  probes.onChange((change, affects) => {
    for (const key of ["0", "1", "2", "3"]) if (affects?.(key)) changes.push(`${change} ${key}`);
  });
  return { probes, broken, counts, changes };
}

test("a part that does not answer is down by itself, and up again by itself", async () => {
  const { probes, broken, changes } = fourParts();
  probes.connected(false);
  await vi.advanceTimersByTimeAsync(3000);
  expect(probes.downSince).toBeUndefined();
  broken.add(2);
  await vi.advanceTimersByTimeAsync(6000);
  expect(changes).toStrictEqual(["down 2"]);
  expect(probes.downSince).toBeDefined();
  broken.delete(2);
  await vi.advanceTimersByTimeAsync(2000);
  expect(changes).toStrictEqual(["down 2", "up 2"]);
  expect(probes.downSince).toBeUndefined();
  probes.close();
});

test("connections that other parts use are replaced more and more seldom", async () => {
  const { probes, broken, counts } = fourParts();
  probes.connected(false);
  await vi.advanceTimersByTimeAsync(3000);
  broken.add(1).add(2);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(counts.commands).toBe(2);
  await vi.advanceTimersByTimeAsync(110_000);
  expect(counts.commands).toBeLessThan(8);
  probes.close();
});

test("where no part answers, connections are replaced as often as of a single server, once for all parts", async () => {
  const { probes, broken, counts } = fourParts();
  probes.connected(false);
  await vi.advanceTimersByTimeAsync(3000);
  for (const part of [0, 1, 2, 3]) broken.add(part);
  await vi.advanceTimersByTimeAsync(54_000);
  expect(counts.commands).toBe(11);
  expect(counts.messages).toBe(11);
  probes.close();
});
