/** Microseconds a call takes: each candidate in turn, round after round, so that a slow moment is everybody's; medians. */
export function medians(candidates: readonly (() => unknown)[], ms: number): number[] {
  const times = candidates.map((): number[] => []);
  const repeats = candidates.map((run) => {
    const start = performance.now();
    run();
    // Short calls are timed in bundles, long ones alone.
    return Math.max(1, Math.floor(0.5 / (performance.now() - start)));
  });
  const end = performance.now() + ms;
  while (performance.now() < end || (times[0] as number[]).length < 5) {
    for (const [index, run] of candidates.entries()) {
      const count = repeats[index] as number;
      const start = performance.now();
      for (let repeat = 0; repeat < count; repeat++) run();
      (times[index] as number[]).push(((performance.now() - start) * 1000) / count);
    }
  }
  return times.map((list) => list.toSorted((a, b) => a - b)[list.length >> 1] as number);
}
