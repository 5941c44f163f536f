import type { Json, Operation } from "@statestream/core";

/** A change of the board: the state after it, and the operations that lead there, for servers that diff nothing. */
export interface Change {
  readonly seq: number;
  readonly state: Record<string, Json>;
  readonly operations: readonly Operation[];
}

/** About what a record is in JSON, in bytes. */
const RECORD_BYTES = 92;

/** Coprime to most counts, so that changes wander over all records. */
const STRIDE = 7919;

const record = (index: number) => ({
  n: 0,
  text: `text 0 of record ${index}`,
  pair: [index, index + 1],
  inner: { a: 0, b: "x0" },
});

/**
 * The state under measurement: records by key, as normalized stores hold them, one of which changes at a time, in three
 * places: a frame of about 300 bytes. The same for everybody who makes one of the same size, change for change.
 */
export class Board {
  seq = 0;
  state: Record<string, Json>;
  readonly #keys: readonly string[];

  constructor(kilobytes: number) {
    const count = Math.max(1, Math.round((kilobytes * 1000) / RECORD_BYTES));
    this.#keys = Array.from({ length: count }, (_, index) => `r${index}`);
    this.state = Object.fromEntries(this.#keys.map((key, index) => [key, record(index)]));
  }

  /** The next state shares all that did not change with the one before; or nothing, `cloned`. */
  next(cloned = false): Change {
    const seq = ++this.seq;
    const index = (seq * STRIDE) % this.#keys.length;
    const key = this.#keys[index] as string;
    const text = `text ${seq} of record ${index}`;
    const { inner, ...rest } = this.state[key] as ReturnType<typeof record>;
    this.state = { ...this.state, [key]: { ...rest, n: seq, text, inner: { ...inner, a: seq } } };
    const state = cloned ? (JSON.parse(JSON.stringify(this.state)) as Record<string, Json>) : this.state;
    const operations: Operation[] = [
      { op: "replace", path: `/${key}/n`, value: seq },
      { op: "replace", path: `/${key}/text`, value: text },
      { op: "replace", path: `/${key}/inner/a`, value: seq },
    ];
    return { seq, state, operations };
  }
}
