import { type Json, type Operation, StateStreamError, type WritableStateStream } from "../../src/index.ts";
import { isRecord, setOwn } from "../../src/json/json.ts";
import type { Change, Failure } from "./actions.ts";
import { applyFitting, clone } from "./apply.ts";
import { filler, type Slices } from "./streams.ts";

/** What a commit under way must come to. */
interface Draft {
  readonly expected: Map<string, Json>;
  /** Slices whose value cannot be sent. */
  readonly failed: Set<string>;
  /** Slices that were given another object. */
  readonly touched: Set<string>;
  /** What objects that were changed in place are now. */
  readonly inPlace: Map<string, Json>;
  /** Whether the slice that decides which are shown was changed. */
  gated: boolean;
}

function draftOf(values: ReadonlyMap<string, Json>): Draft {
  return { expected: new Map(values), failed: new Set(), touched: new Set(), inPlace: new Map(), gated: false };
}

/** What the state of a stream must be, sharing nothing with it: each change is made to both. */
export class StateModel {
  readonly #stream: WritableStateStream<Slices>;
  /** Whether the stream has a slices function. */
  readonly #gated: boolean;
  readonly #values: Map<string, Json>;
  /** The changes under way. */
  #draft: Draft = draftOf(new Map());
  /** What the slices function does beside reading the gate. */
  #gateThrows = false;

  /** `make` is given the slices function, if there is to be one. */
  constructor(
    initial: Slices,
    gated: boolean,
    make: (slices: (state: Slices) => string[]) => WritableStateStream<Slices>,
  ) {
    this.#gated = gated;
    this.#values = new Map(Object.entries(clone(initial) as Record<string, Json>));
    this.#stream = make((state) => this.#ask(state["gate"]));
  }

  /** Makes changes in one batch, which throws at its end or not. */
  batch(changes: readonly Change[], throws: boolean): void {
    const work = (): void => {
      for (const change of changes) attempt(() => this.#change(change));
      if (throws) throw new StateStreamError("invalid-option", "The batch was left.");
    };
    this.#commit(() => this.#stream.batch(work));
  }

  /** Does changes, then brings the model to what must have come of them. */
  #commit(work: () => void): void {
    const draft = draftOf(this.#values);
    this.#draft = draft;
    attempt(work);
    // A value that cannot be sent changes nothing, and nor does a change that the slices function withholds.
    for (const slice of draft.failed) restore(draft.expected, slice, this.#values.get(slice));
    if (this.#gated && this.#gateThrows) {
      // But for objects that were changed in place: those are what they are, and are sent with the next change.
      for (const [slice, value] of draft.inPlace) this.#values.set(slice, value);
      return;
    }
    this.#values.clear();
    for (const [slice, value] of draft.expected) this.#values.set(slice, value);
  }

  /** Makes one change. */
  change(change: Change): void {
    this.#commit(() => this.#change(change));
  }

  #change(change: Change): void {
    const { expected, failed, touched, inPlace } = this.#draft;
    if (this.#isUnclear(change)) return;
    switch (change.do) {
      case "gate":
        this.#gateThrows = change.throws;
        return;
      case "set":
      case "update":
        return this.#set(change.slice, change.value, change.do === "update");
      case "remove":
        restore(expected, change.slice, undefined);
        failed.delete(change.slice);
        touched.add(change.slice);
        return this.#stream.remove(change.slice);
      case "fail":
        // Of an object changed in place there is no previous value to keep.
        if (inPlace.has(change.slice)) return;
        failed.add(change.slice);
        return this.#stream.set(change.slice, failing(change.how));
      case "show":
        if (!change.fails) return this.#set("gate", { show: [...change.names] });
        if (inPlace.has("gate")) return;
        failed.add("gate");
        return this.#stream.set("gate", { show: change.names, broken: 1n });
      case "mutate":
        return this.#mutate(change.slice, change.key, change.value);
      case "patch":
        return this.#patch(change.slice, change.operations);
    }
  }

  /**
   * Nobody looks at the value of a hidden slice, so whether it fails depends on which slices are shown: not in the model,
   * where a commit either has values that fail or changes the gate.
   */
  #isUnclear(change: Change): boolean {
    if (!this.#gated || change.do === "gate") return false;
    const slice = change.do === "show" ? "gate" : change.slice;
    const fails = change.do === "fail" || (change.do === "show" && change.fails);
    if (fails && (this.#draft.gated || !this.#isShown(slice))) return true;
    if (slice !== "gate") return false;
    if (this.#draft.failed.size > 0) return true;
    this.#draft.gated = true;
    return false;
  }

  #set(slice: string, value: Json, updater = false): void {
    const { expected, failed, touched } = this.#draft;
    expected.set(slice, clone(value));
    failed.delete(slice);
    touched.add(slice);
    const given = clone(value);
    this.#stream.set(slice, updater ? () => given : given);
  }

  /** Changes the object that the stream holds in place, and names it. */
  #mutate(slice: string, key: string, value: Json): void {
    const { expected, failed, touched, inPlace } = this.#draft;
    const before = expected.get(slice);
    if (failed.has(slice) || typeof before !== "object" || before === null) return;
    const change = (target: unknown): void => {
      if (Array.isArray(target)) target.push(clone(value));
      else setOwn(target as object, key, clone(value));
    };
    const after = clone(before);
    change(after);
    expected.set(slice, after);
    if (!touched.has(slice)) inPlace.set(slice, after);
    this.#stream.set(slice, (held: unknown) => {
      change(held);
      return held;
    });
  }

  #patch(slice: string, operations: readonly Operation[]): void {
    const { expected, failed, touched } = this.#draft;
    // What operations make of a value that cannot be sent is not for the model to know.
    if (failed.has(slice)) return;
    // Copies double a value: some runs would be about nothing else.
    if (JSON.stringify(expected.get(slice) ?? null).length > 200_000) return;
    this.#stream.patch(slice, operations);
    touched.add(slice);
    // They fit: the stream says so. What they come to is another applier's answer.
    expected.set(slice, applyFitting(expected.get(slice) as Json, operations));
  }

  /** Lets the slices function work again, and changes something, so that it is called. */
  finish(): void {
    this.#gateThrows = false;
    this.#commit(() => this.#set("b", "the end"));
  }

  #ask(gate: unknown): string[] {
    if (this.#gateThrows) throw new Error("The gate is broken.");
    return shownBy(gate);
  }

  #isShown(slice: string): boolean {
    return !this.#gated || shownBy(this.#values.get("gate")).includes(slice);
  }

  /** The slices that a client which selected these must have; their names, with their values. */
  visible(selected: readonly string[] | undefined): Map<string, Json> {
    const names = [...this.#values.keys()].filter((name) => this.#isShown(name) && (selected?.includes(name) ?? true));
    return new Map(names.map((name) => [name, this.#values.get(name) as Json]));
  }
}

/** The slices that a gate shows. */
function shownBy(gate: unknown): string[] {
  const names = isRecord(gate) && Array.isArray(gate["show"]) ? gate["show"] : ["a"];
  return ["gate", ...names.filter((name) => typeof name === "string")];
}

/** Does what may be refused. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof StateStreamError)) throw error;
  }
}

function restore(values: Map<string, Json>, slice: string, value: Json | undefined): void {
  if (value === undefined) values.delete(slice);
  else values.set(slice, value);
}

function failing(how: Failure): unknown {
  if (how === "bigint") return { before: 1, n: 1n };
  if (how === "getter") {
    return {
      get bad(): never {
        throw new Error("A getter threw.");
      },
    };
  }
  let value: Slices = { text: filler(10) };
  if (how === "cycle") return (value["self"] = value);
  for (let depth = 0; depth < 10_000; depth++) value = { value };
  return value;
}
