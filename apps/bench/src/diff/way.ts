import { isDeepStrictEqual } from "node:util";
import { createStateStream, type Json, type Operation, type StateEvent } from "@statestream/core";
import { applyOperations } from "@statestream/core/patch";
import fastJsonPatch from "fast-json-patch";
import { median } from "../measure/statistics.ts";
import { take, type Workload } from "./workload.ts";

/** What is measured: the whole way of a change, or `set` by itself. */
export type Calls = "set + read" | "set";

/** Whether the same states are walked through again and again, or each change leads to objects that nobody has seen. */
export type States = "kept" | "fresh";

export interface Figures {
  /** Microseconds per change: medians of the rounds, in which the two take turns. */
  readonly us: number;
  readonly theirs: number;
  /** Bytes per change of the patch or value, without what is around it. */
  readonly bytes: number;
  readonly theirBytes: number;
  /** Whether their patch, applied, does not give the state. */
  readonly theirsIsWrong: boolean;
}

/** A state is changed in so many rounds; then it starts anew. */
const ROUNDS = 24;

/** A round takes about so long, so that the clock's resolution does not matter. */
const ROUND_MS = 0.5;

/** So long, nothing is measured: the code is not compiled yet. */
const WARM_UP_MS = 700;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

type State = Readonly<Record<string, unknown>>;

/** The whole state after a change, and the slice that changed. */
interface Change {
  readonly state: State;
  readonly slice: string;
}

/** A stream of the state, and a connection to it. */
class Ours {
  readonly #stream;
  readonly #connection;

  constructor(state: State, calls: Calls) {
    this.#stream = createStateStream<Record<string, unknown>>({ initialState: state });
    this.#connection = calls === "set" ? undefined : this.#stream.connect();
    this.settle();
  }

  change({ state, slice }: Change): void {
    this.#stream.set(slice, state[slice]);
    // Large frames come in parts; only the last one ends with an empty line.
    for (let part = this.#connection?.read(); part !== undefined && part.at(-2) !== LINE_FEED;)
      part = this.#connection?.read();
  }

  /** Reads whatever is there, as text. */
  settle(): string {
    let text = "";
    for (let part = this.#connection?.read(); part !== undefined; part = this.#connection?.read())
      text += decoder.decode(part, { stream: true });
    return text;
  }

  /** A change, and the update that comes of it. */
  update({ state, slice }: Change): Pick<StateEvent & { type: "state.update" }, "patches" | "value"> {
    this.#stream.set(slice, state[slice]);
    const data = /^data: (.*)$/m.exec(this.settle())?.[1];
    if (data === undefined) throw new Error("There was no update.");
    return JSON.parse(data) as StateEvent & { type: "state.update" };
  }
}

const LINE_FEED = 10;

/** What people write by hand. */
class Theirs {
  #before: State;

  constructor(state: State) {
    this.#before = state;
  }

  change({ state }: Change): Uint8Array {
    const patch = fastJsonPatch.compare(this.#before, state);
    this.#before = state;
    return encoder.encode(JSON.stringify(patch));
  }
}

/** A first state and the changes after it. */
interface Pass {
  readonly first: State;
  readonly changes: Generator<Change>;
}

function passOf(workload: Workload, states: Iterable<Json>): Pass {
  const whole = function* (): Generator<State> {
    for (const state of states) yield workload.sliced === true ? (state as State) : { state };
  };
  const each = whole();
  const first = each.next().value as State;
  const changes = function* (): Generator<Change> {
    let before = first;
    for (const state of each) {
      const slice = Object.keys(state).find((name) => state[name] !== before[name]);
      if (slice !== undefined) yield { state, slice };
      before = state;
    }
  };
  return { first, changes: changes() };
}

/** The states of a workload, the same ones each time; two of them alternate. */
function* keptStates(states: readonly Json[]): Generator<Json> {
  yield* states;
  while (states.length === 2) yield* states;
}

/** Measures one workload. In a process of its own: what the compiler learns of one workload's objects slows others down. */
export async function measure(workload: Workload, calls: Calls, states: States, ms: number): Promise<Figures> {
  const checked = check(workload);
  const kept = take(workload.states(), workload.changes + 1);
  const times = { ours: [] as number[], theirs: [] as number[] };
  const startedAt = performance.now();
  let count = 1;
  while (performance.now() < startedAt + WARM_UP_MS + ms || times.ours.length < 5) {
    const { first, changes } = passOf(workload, states === "kept" ? keptStates(kept) : workload.states());
    const ours = new Ours(first, calls);
    const theirs = new Theirs(first);
    for (let round = 0; round < ROUNDS; round++) {
      const made = take(changes, count);
      if (made.length === 0) break;
      // The second side finds the state in the processor's caches, so the sides alternate in being second.
      const order = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
      const taken = order.map(
        (side) => microseconds(() => made.forEach((change) => side.change(change))) / made.length,
      );
      // As a writer does before it waits; it is notified in a later turn.
      ours.settle();
      await new Promise((resolve) => setImmediate(resolve));
      const [our, their] = (round % 2 === 0 ? taken : taken.toReversed()) as [number, number];
      count = Math.max(1, Math.min(500, Math.round((ROUND_MS * 1000) / our)));
      if (performance.now() < startedAt + WARM_UP_MS) continue;
      times.ours.push(our);
      times.theirs.push(their);
    }
  }
  return { us: median(times.ours), theirs: median(times.theirs), ...checked };
}

function microseconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1000;
}

/** The bytes of both, and whether they are right. */
function check(workload: Workload): Pick<Figures, "bytes" | "theirBytes" | "theirsIsWrong"> {
  const { first, changes } = passOf(workload, workload.states());
  const ours = new Ours(first, "set + read");
  const theirs = new Theirs(first);
  let before = carried(first) as State;
  let copy: Json | undefined = carried(first);
  let [bytes, theirBytes, theirsIsWrong] = [0, 0, false];
  const made = take(changes, workload.changes);
  for (const change of made) {
    const { slice } = change;
    const after = carried(change.state) as State;
    const { patches, value } = ours.update(change);
    const now = patches === undefined ? value : applyOperations(before[slice] as Json, patches, slice);
    if (!isDeepStrictEqual(now, after[slice])) throw new Error(`Our update is wrong: ${workload.name}`);
    bytes += encoder.encode(JSON.stringify(patches ?? value)).length;
    before = after;
    const sent = theirs.change(change);
    theirBytes += sent.length;
    copy = copy && applied(copy, sent);
    theirsIsWrong ||= !isDeepStrictEqual(copy, after);
  }
  return { bytes: bytes / made.length, theirBytes: theirBytes / made.length, theirsIsWrong };
}

/** What JSON makes of it. */
function carried(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

function applied(copy: Json, sent: Uint8Array): Json | undefined {
  try {
    return applyOperations(copy, JSON.parse(decoder.decode(sent)) as Operation[], "theirs");
  } catch {
    return undefined;
  }
}
