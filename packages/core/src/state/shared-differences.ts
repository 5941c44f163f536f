import type { Compare, Difference } from "../diff/differ.ts";
import type { Json } from "../json/types.ts";

/** A value, and what led to it from the one that it is kept for. */
interface Step {
  /** Not kept alive: each value would keep the next one, so that a value that anybody holds would keep all later ones. */
  readonly after: WeakRef<object>;
  readonly difference: Difference | undefined;
}

/**
 * What led from values to others, kept for as long as the first of them: views that show the same object by identity have
 * the same difference, so that it is found once for all of them, or has been found by their stream already.
 */
export class SharedDifferences {
  readonly #steps = new WeakMap<object, Step>();

  add(before: Json, after: Json, difference: Difference | undefined): void {
    if (isObject(before) && isObject(after)) this.#steps.set(before, { after: new WeakRef(after), difference });
  }

  /** The comparison, made only where its result is not known. */
  of(compare: Compare): Compare {
    return (before, after) => {
      const known = isObject(before) ? this.#steps.get(before) : undefined;
      if (known !== undefined && known.after.deref() === after) return known.difference;
      const difference = compare(before, after);
      this.add(before, after, difference);
      return difference;
    };
  }
}

function isObject(value: Json): value is Json & object {
  return typeof value === "object" && value !== null;
}
