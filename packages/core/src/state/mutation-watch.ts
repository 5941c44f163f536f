import { isObject } from "../json/json.ts";
import type { LoggedSlice } from "../log/slice-change.ts";

/** So many slices are compared per check, and so many members of each are remembered: a check costs microseconds. */
const MAX_SLICES = 20;
const MAX_MEMBERS = 200;
/** So many members of one container, so that a sample reaches several. */
const MAX_PER_CONTAINER = 20;

/** A store that mutates in place does so from the start: after this many checks, only every sixteenth is made. */
const EAGER_CHECKS = 100;
const SPARSE_CHECKS = 16;

interface Sample {
  readonly raw: unknown;
  readonly containers: readonly {
    readonly container: object;
    readonly size: number;
    readonly members: readonly (readonly [key: string, value: unknown])[];
  }[];
}

/**
 * Detects, in development, values that are mutated in place although they are shared with the stream. Samples of the
 * values are remembered and compared at later notifications; an object that is never mutated keeps its members.
 */
export class MutationWatch {
  readonly #samples = new Map<string, Sample>();
  readonly #exempt: WeakSet<object> | undefined;
  #rotation: Iterator<readonly [string, LoggedSlice]> | undefined;
  #checks = 0;

  /** `exempt`: values that are not watched. */
  constructor(exempt?: WeakSet<object>) {
    this.#exempt = exempt;
  }

  /** The name of a slice whose value was mutated in place since an earlier check; `undefined` where none is known. */
  check(slices: ReadonlyMap<string, LoggedSlice>, isExempt: (slice: string) => boolean): string | undefined {
    if (++this.#checks > EAGER_CHECKS && this.#checks % SPARSE_CHECKS !== 0) return undefined;
    this.#rotation ??= slices.entries();
    for (let count = 0; count < MAX_SLICES; count++) {
      const next = this.#rotation.next();
      if (next.done === true) {
        this.#rotation = undefined;
        break;
      }
      const [slice, { raw, mutable }] = next.value;
      const known = this.#samples.get(slice);
      if (mutable || isExempt(slice) || !isObject(raw) || this.#exempt?.has(raw)) this.#samples.delete(slice);
      else if (known === undefined || known.raw !== raw) this.#samples.set(slice, sampleOf(raw));
      else if (known.containers.some(isChanged)) return slice;
    }
    for (const slice of this.#samples.keys()) if (!slices.has(slice)) this.#samples.delete(slice);
    return undefined;
  }
}

function sampleOf(raw: object): Sample {
  const containers: Sample["containers"][number][] = [];
  const queue: object[] = [raw];
  let left = MAX_MEMBERS;
  try {
    for (let container = queue.shift(); container !== undefined && left > 0; container = queue.shift()) {
      const keys = Object.keys(container);
      const members: (readonly [string, unknown])[] = [];
      for (const key of keys.slice(0, Math.min(MAX_PER_CONTAINER, left))) {
        // A getter may give another value each time without a mutation.
        const descriptor = Object.getOwnPropertyDescriptor(container, key);
        if (descriptor === undefined || !("value" in descriptor)) continue;
        const value: unknown = descriptor.value;
        members.push([key, value]);
        if (isObject(value)) queue.push(value);
      }
      left -= members.length + 1;
      containers.push({ container, size: keys.length, members });
    }
  } catch {
    // What cannot be read cannot be watched.
  }
  return { raw, containers };
}

function isChanged({ container, size, members }: Sample["containers"][number]): boolean {
  try {
    if (Object.keys(container).length !== size) return true;
    return members.some(([key, value]) => !Object.is(Object.getOwnPropertyDescriptor(container, key)?.value, value));
  } catch {
    return false;
  }
}
