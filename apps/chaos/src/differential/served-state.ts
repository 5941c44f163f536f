import { createStateStream, type Json, type WritableStateStream } from "@statestream/core";
import type { Random } from "../random.ts";
import { canonical } from "../state.ts";
import { editInPlace, isContainer, randomPatch, randomText, randomTextPlace, randomValue } from "./edits.ts";

type Slices = Record<string, Json>;

/** The canonical JSON of each slice that clients may see. */
export type Seen = ReadonlyMap<string, string>;

const SLICES = ["list", "tree", "a/b", "m~n", "", "text", "constructor", "__proto__"];
/** The slice that decides which others are visible. */
const HIDDEN = "hidden";
const BIG = "big";
const MAX_BYTES = 20_000;

const OPTIONS = [
  {},
  { maxLogEvents: 5 },
  { snapshots: "copy" },
  { maxLogBytes: 2000, rowIds: [] },
  { maxStallMs: 300, maxPinnedBytes: 1 },
] as const;

/** A stream of own state, and beside it, kept without the library, what its clients must see at each of its positions. */
export class ServedState {
  stream: WritableStateStream<Slices>;
  readonly #random: Random;
  readonly #isBig: boolean;
  readonly #model = new Map<string, Json>();
  /** The objects the stream holds by reference, as far as they are known here: these can be mutated in place. */
  readonly #raw = new Map<string, Json>();
  readonly #canonical = new Map<string, string>();
  /** What was visible after each commit, by epoch, in the order of their seqs. */
  readonly #history = new Map<string, { readonly seq: number; readonly seen: Seen }[]>();

  constructor(random: Random) {
    this.#random = random;
    this.#isBig = random.below(2) === 0;
    this.#put(HIDDEN, []);
    for (const name of SLICES) if (random.below(2) === 0) this.#put(name, randomValue(random));
    if (this.#isBig) this.#put(BIG, bigText(random));
    this.stream = this.#create();
    this.#record();
  }

  /** Some changes in one turn, in one commit or several. */
  change(): void {
    if (this.#random.below(25) === 0) return this.#restart();
    for (let count = this.#random.pick([1, 1, 1, 3, 8]); count > 0; count--) {
      if (this.#random.below(4) > 0) this.#changeOne();
      else this.stream.batch(() => [1, 2, 3].forEach(() => this.#changeOne()), { type: "batch" });
      this.#record();
    }
  }

  /** What clients must see in the end. */
  get seen(): Seen {
    const hidden = this.#model.get(HIDDEN) as string[];
    return new Map([...this.#canonical].filter(([name]) => !hidden.includes(name)));
  }

  /** What clients must have at a position: the state after the commit that it is of. `undefined` for one that never was. */
  seenAt(eventId: string): Seen | undefined {
    const [epoch = "", seq = ""] = eventId.split(".");
    const at = Number.parseInt(seq, 36);
    return this.#history.get(epoch)?.find((commit) => commit.seq >= at)?.seen;
  }

  #create(): WritableStateStream<Slices> {
    const initialState: Slices = {};
    for (const [name, value] of this.#model) {
      const raw = structuredClone(value);
      this.#raw.set(name, raw);
      Object.defineProperty(initialState, name, { value: raw, writable: true, enumerable: true, configurable: true });
    }
    return createStateStream<Slices>({
      initialState,
      slices: (state) => {
        const hidden = state[HIDDEN] as string[];
        return Object.keys(state).filter((name) => !hidden.includes(name));
      },
      heartbeatMs: 150,
      retryMs: 5,
      ...this.#random.pick(OPTIONS),
    });
  }

  /** Another process would have the state, and a log of its own. */
  #restart(): void {
    void this.stream.close({ reason: "draining" });
    this.stream = this.#create();
    this.#record();
  }

  #record(): void {
    const [epoch = "", seq = ""] = this.stream.eventId.split(".");
    const commits = this.#history.get(epoch) ?? [];
    this.#history.set(epoch, commits);
    commits.push({ seq: Number.parseInt(seq, 36), seen: this.seen });
  }

  #put(name: string, value: Json): void {
    this.#model.set(name, value);
    this.#canonical.set(name, canonical(value));
  }

  #set(name: string, value: Json): void {
    this.#put(name, structuredClone(value));
    this.#raw.set(name, value);
    const cause = { type: "set", id: name };
    if (this.#random.below(2) === 0) this.stream.set(name, value, cause);
    else this.stream.set(name, () => value, cause);
  }

  #changeOne(): void {
    const random = this.#random;
    if (this.#isBig && random.below(12) === 0) return this.#set(BIG, bigText(random));
    if (random.below(12) === 0)
      return this.#set(
        HIDDEN,
        SLICES.filter(() => random.below(4) === 0),
      );
    const name = random.pick(SLICES);
    const before = this.#model.get(name);
    const what = random.below(12);
    if (before === undefined || what === 0 || (this.#canonical.get(name)?.length ?? 0) > MAX_BYTES)
      return this.#set(name, randomValue(random));
    if (what === 1) return this.#remove(name);
    if (what < 5) return this.#patch(name, before);
    if (what < 7) return this.#append(name, before);
    const raw = this.#raw.get(name);
    if (what < 9 && isContainer(raw)) {
      editInPlace(raw, random);
      return this.#set(name, raw);
    }
    const next = structuredClone(before);
    if (!isContainer(next)) return this.#set(name, randomValue(random));
    editInPlace(next, random);
    this.#set(name, next);
  }

  #remove(name: string): void {
    this.#model.delete(name);
    this.#canonical.delete(name);
    this.#raw.delete(name);
    this.stream.remove(name, { type: "remove" });
  }

  #patch(name: string, before: Json): void {
    const { operations, after } = randomPatch(before, this.#random);
    if (operations.length === 0) return;
    this.#put(name, after);
    this.#raw.delete(name);
    this.stream.patch(name, operations, { type: "patch" });
  }

  #append(name: string, before: Json): void {
    const place = randomTextPlace(before, this.#random);
    if (place === undefined) return;
    const text = randomText(this.#random);
    this.#put(name, grown(before, place.path, place.text + text));
    this.#raw.delete(name);
    this.stream.append(name, place.path, text, { type: "append" });
  }
}

/** The value with another text at a place. */
function grown(value: Json, path: string, text: string): Json {
  if (path === "") return text;
  const after = structuredClone(value);
  const names = path
    .slice(1)
    .split("/")
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = names.pop() as string;
  const holder = names.reduce<Json>((inner, name) => (inner as Slices)[name] as Json, after);
  (holder as Slices)[last] = text;
  return after;
}

/** Too large for one part of a write. */
function bigText(random: Random): string {
  return randomText(random) + "é".repeat(random.between(40_000, 150_000));
}
