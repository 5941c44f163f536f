import type { Compare, Difference } from "../diff/differ.ts";

/** A value, and what led to it from the one that it is kept for. */
interface Step {
  readonly after: object;
  readonly difference: Difference | undefined;
}

/**
 * A comparison whose results are kept for as long as the value compared: views that show the same object by identity have
 * the same difference, so that it is found once for all of them.
 */
export function sharedCompare(compare: Compare): Compare {
  const steps = new WeakMap<object, Step>();
  return (before, after) => {
    if (!isObject(before) || !isObject(after)) return compare(before, after);
    const known = steps.get(before);
    if (known?.after === after) return known.difference;
    const difference = compare(before, after);
    steps.set(before, { after, difference });
    return difference;
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
