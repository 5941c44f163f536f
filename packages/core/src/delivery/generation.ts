import { SNAPSHOT_HEAD, snapshotMember } from "../protocol/frame.ts";
import type { Log } from "../log/log.ts";
import type { Names } from "../log/slice-tracks.ts";
import type { Chunk } from "./chunk.ts";

/** The slices as the log has them, for snapshots. */
export interface SliceValues<Held extends object = object> {
  /** The visible slices, each with an object that stands for its value: another value, another object. */
  held(): Iterable<readonly [slice: string, held: Held]>;
  /** The JSON of a value that `held` gave; `undefined` where it cannot be had, which was reported. */
  textOf(slice: string, held: Held): string | undefined;
  /** Counts the times a value was found to have been mutated in place, so that its JSON is not what the log says. */
  readonly mutations: number;
}

/** One slice's value and its bytes within a snapshot, encoded when first needed. */
interface Encoded {
  readonly held: object;
  bytes: Uint8Array | undefined;
}

/** A selection's part of a generation. */
export interface Snapshot {
  /** The bytes of each slice, shared with every other selection. */
  readonly members: readonly Uint8Array[];
  /** Up to its reason, which is what it costs to send it. */
  readonly bytes: number;
  /** Small snapshots, which are arrays of their own, by the reason they give and the operations they grant. */
  readonly chunks: Map<string, Chunk>;
}

/** How many bytes a generation keeps for single selections, beside the slices that all share. Beyond it, they are made anew. */
const MAX_SNAPSHOT_BYTES = 4 * 1024 * 1024;

/** What an entry of a list or map takes, about, in bytes. */
const ENTRY_BYTES = 16;

/**
 * The state at one position, for the snapshots of all selections. Slices of different positions must never meet in one
 * snapshot: a client would then be sent patches that one of them already contains.
 */
export interface Generation {
  readonly position: number;
  readonly slices: ReadonlyMap<string, Encoded>;
  /** By selection; within `MAX_SNAPSHOT_BYTES`, and for as long as the generation lives. */
  readonly snapshots: Map<string, Snapshot>;
  snapshotBytes: number;
}

export interface SnapshotOf {
  readonly generation: Generation;
  readonly snapshot: Snapshot;
}

/** Keeps the newest generation: each slice is encoded once until it changes, whatever clients select. */
export class Generations {
  readonly #log: Log;
  readonly #values: SliceValues;
  #current: Generation | undefined;
  #mutations = 0;
  #used = false;

  constructor(log: Log, values: SliceValues) {
    this.#log = log;
    this.#values = values;
  }

  /**
   * The snapshot of these names, at the head or so shortly before it that what followed costs little. `costOf`: the bytes of
   * what follows a position, for those who need the snapshot.
   */
  snapshot(names: Names, key: string, costOf: (position: number) => number): SnapshotOf {
    this.#used = true;
    if (this.#mutations !== this.#values.mutations) this.drop();
    const kept = this.#current;
    if (
      kept !== undefined &&
      this.#log.holds(kept.position, names) &&
      this.#log.isAdditiveSince(kept.position, names)
    ) {
      const snapshot = this.#snapshotOf(kept, names, key);
      if (costOf(kept.position) * 4 < snapshot.bytes) return { generation: kept, snapshot };
    }
    if (kept?.position === this.#log.head) return { generation: kept, snapshot: this.#snapshotOf(kept, names, key) };
    const generation = this.#next();
    return { generation, snapshot: this.#snapshotOf(generation, names, key) };
  }

  /** Keeps a snapshot's bytes for the next connection that needs them, if they are few. */
  keep({ generation, snapshot }: SnapshotOf, key: string, chunk: Chunk): void {
    if (chunk.large) return;
    this.#charge(generation, chunk.length);
    snapshot.chunks.set(key, chunk);
  }

  /** Forgets everything that was encoded: it may show what must not be seen any more, or is not the log's state. */
  drop(): void {
    this.#current = undefined;
    this.#mutations = this.#values.mutations;
  }

  /** Frees what nobody has needed since the last call. */
  dropUnused(): void {
    if (!this.#used) this.drop();
    this.#used = false;
  }

  #next(): Generation {
    const before = this.#current?.slices;
    const slices = new Map<string, Encoded>();
    for (const [slice, held] of this.#values.held()) {
      const known = before?.get(slice);
      slices.set(slice, known?.held === held ? known : { held, bytes: undefined });
    }
    this.#current = { position: this.#log.head, slices, snapshots: new Map(), snapshotBytes: 0 };
    return this.#current;
  }

  #snapshotOf(generation: Generation, names: Names, key: string): Snapshot {
    let snapshot = generation.snapshots.get(key);
    if (snapshot === undefined) {
      const members = this.#members(generation, names);
      const bytes = members.reduce((sum, { length }) => sum + length, SNAPSHOT_HEAD.length);
      snapshot = { members, bytes, chunks: new Map() };
      this.#charge(generation, key.length + members.length * ENTRY_BYTES);
      generation.snapshots.set(key, snapshot);
    }
    return snapshot;
  }

  #charge(generation: Generation, bytes: number): void {
    generation.snapshotBytes += bytes;
    if (generation.snapshotBytes <= MAX_SNAPSHOT_BYTES) return;
    generation.snapshots.clear();
    generation.snapshotBytes = bytes;
  }

  #members({ slices }: Generation, names: Names): Uint8Array[] {
    const members: Uint8Array[] = [];
    for (const [slice, encoded] of slices) {
      if (names !== undefined && !names.has(slice)) continue;
      if (encoded.bytes === undefined) {
        const text = this.#values.textOf(slice, encoded.held);
        if (text === undefined) continue;
        encoded.bytes = snapshotMember(slice, text);
      }
      members.push(encoded.bytes);
    }
    return members;
  }
}
