import { type Connection, type Json, type Operation, StateStreamError } from "../../src/index.ts";
import { isRecord, setOwn } from "../../src/json.ts";
import { type Action, type Change, type ClientAction, CLIENTS, type Failure, type From, type Plan } from "./actions.ts";
import { applyFitting, clone } from "./apply.ts";
import { type Bookmark, ReferenceClient } from "./reference-client.ts";
import { collector, filler, setup, type Slices } from "./streams.ts";

/** A client of the model: what it selects, whether it reads, and where it has been. */
interface Client {
  selected: readonly string[] | undefined;
  connection: Connection | undefined;
  reference: ReferenceClient;
  reading: boolean;
  /** The last chunk read, while its writer has not come back for more; told: there was news meanwhile. */
  held: Uint8Array | undefined;
  told: boolean;
  readonly been: { readonly selected: readonly string[] | undefined; readonly bookmark: Bookmark }[];
}

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

/** A stream, a model of its state that shares nothing with it, and clients. */
export class World {
  readonly #plan: Plan;
  readonly #setup: ReturnType<typeof setup>;
  readonly #errors = collector();
  /** What the state must be. */
  readonly #values = new Map<string, Json>();
  readonly #clients: Client[];
  /** The changes under way. */
  #draft: Draft = draftOf(new Map());
  /** What the slices function does beside reading the gate. */
  #gateThrows = false;
  /** The most events a commit can have had: the newest may be as large and stay. */
  #largest = 1;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#setup = setup(
      { gate: { show: ["a", "b"] } },
      {
        maxLogEvents: plan.maxLogEvents,
        maxLogBytes: plan.maxLogBytes,
        heartbeatMs: 4000,
        maxStallMs: 6000,
        snapshots: plan.copies ? "copy" : "shared",
        ...(plan.gated ? { slices: (state) => this.#ask(state["gate"]) } : {}),
        ...(plan.handled ? { onError: this.#errors.onError } : {}),
      },
    );
    this.#values.set("gate", { show: ["a", "b"] });
    this.#clients = Array.from({ length: CLIENTS }, () => ({
      selected: undefined,
      connection: undefined,
      reference: new ReferenceClient(),
      reading: true,
      held: undefined,
      told: false,
      been: [],
    }));
  }

  run(): void {
    for (const action of this.#plan.actions) {
      this.#do(action);
      this.#checkBounds(action);
    }
    this.#converge();
  }

  #do(action: Action): void {
    const { clock } = this.#setup;
    switch (action.do) {
      case "tick":
        return clock.flush();
      case "pass":
        return clock.advance(action.ms);
      case "batch":
        return this.#batch(action.changes, action.throws);
      case "connect":
      case "cut":
      case "slow":
      case "read":
        return this.#client(this.#clients[action.client] as Client, action);
      default:
        return this.#commit(() => this.#change(action));
    }
  }

  #batch(changes: readonly Change[], throws: boolean): void {
    const work = (): void => {
      for (const change of changes) attempt(() => this.#change(change));
      if (throws) throw new StateStreamError("invalid-option", "The batch was left.");
    };
    this.#commit(() => this.#setup.stream.batch(work));
  }

  /** Does changes, then brings the model to what must have come of them. */
  #commit(work: () => void): void {
    const draft = draftOf(this.#values);
    this.#draft = draft;
    attempt(work);
    // A value that cannot be sent changes nothing, and nor does a change that the slices function withholds.
    for (const slice of draft.failed) restore(draft.expected, slice, this.#values.get(slice));
    if (this.#plan.gated && this.#gateThrows) {
      // But for objects that were changed in place: those are what they are, and are sent with the next change.
      for (const [slice, value] of draft.inPlace) this.#values.set(slice, value);
      return;
    }
    this.#values.clear();
    for (const [slice, value] of draft.expected) this.#values.set(slice, value);
  }

  #change(change: Change): void {
    const { stream } = this.#setup;
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
        return stream.remove(change.slice);
      case "fail":
        // Of an object changed in place there is no previous value to keep.
        if (inPlace.has(change.slice)) return;
        failed.add(change.slice);
        return stream.set(change.slice, failing(change.how));
      case "show":
        if (!change.fails) return this.#set("gate", { show: [...change.names] });
        if (inPlace.has("gate")) return;
        failed.add("gate");
        return stream.set("gate", { show: change.names, broken: 1n });
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
    if (!this.#plan.gated || change.do === "gate") return false;
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
    this.#setup.stream.set(slice, updater ? () => given : given);
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
    this.#setup.stream.set(slice, (held: unknown) => {
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
    this.#setup.stream.patch(slice, operations);
    touched.add(slice);
    // They fit: the stream says so. What they come to is another applier's answer.
    expected.set(slice, applyFitting(expected.get(slice) as Json, operations));
  }

  #client(client: Client, action: ClientAction): void {
    switch (action.do) {
      case "connect":
        return this.#connect(client, action.slices, action.from);
      case "cut": {
        const bytes = client.connection?.read();
        if (bytes !== undefined) client.reference.feed(bytes.subarray(0, Math.min(action.at, bytes.length - 1)));
        client.connection?.close();
        client.connection = undefined;
        client.held = undefined;
        return;
      }
      case "slow":
        client.reading = false;
        return this.#read(client, action.chunks);
      case "read":
        client.reading = true;
        return this.#read(client);
    }
  }

  #connect(client: Client, slices: readonly string[] | undefined, from: From): void {
    client.connection?.close();
    const names = slices && [...slices].sort();
    // Its state belongs to its id: an older id comes with the state of then, if that was of these slices.
    const been = client.been.filter(({ selected }) => JSON.stringify(selected) === JSON.stringify(names));
    const nothing: Bookmark = { id: undefined, slices: new Map() };
    const last = client.been.at(-1)?.bookmark ?? nothing;
    const bookmark = typeof from === "object" ? (been.at(-1 - from.old)?.bookmark ?? last) : last;
    const { eventId } = this.#setup.stream;
    let lastEventId = bookmark.id;
    if (from === "none") lastEventId = undefined;
    if (from === "garbage") lastEventId = "testepoch00.0z";
    if (from === "ahead") lastEventId = eventId.replace(/\.(\w+)$/, ".$1zz");
    const connection = this.#setup.stream.connect({ lastEventId, slices });
    client.selected = names;
    client.connection = connection;
    client.reference = new ReferenceClient(lastEventId === bookmark.id ? bookmark : nothing, client.been.length + 7);
    client.reading = true;
    client.held = undefined;
    connection.onReadable(() => {
      if (client.connection !== connection) return;
      client.told = true;
      if (client.reading) this.#read(client);
    });
  }

  #read(client: Client, chunks = Infinity): void {
    const { connection, reference } = client;
    for (let count = 0; connection !== undefined && count < chunks; count++) {
      client.told = false;
      client.held = connection.read();
      if (client.held === undefined) break;
      const before = reference.events.length;
      reference.feed(client.held);
      if (reference.events.length > before && reference.id !== undefined)
        client.been.push({ selected: client.selected, bookmark: reference.bookmark });
    }
    if (connection?.closed === true) {
      client.connection = undefined;
      client.held = undefined;
    }
  }

  /** After every action: nothing is kept beyond the bounds. */
  #checkBounds(action: Action): void {
    const { maxLogBytes, maxLogEvents } = this.#plan;
    const { logBytes, logEvents } = this.#setup.stream.stats();
    // A slices function may change its mind about every slice at once.
    const events = this.#plan.gated ? 7 : action.do === "batch" ? action.changes.length : 1;
    this.#largest = Math.max(this.#largest, events);
    if (logEvents > Math.max(maxLogEvents, this.#largest)) throw new Error(`The log holds ${logEvents} events.`);
    if (logBytes > maxLogBytes && logEvents > this.#largest) throw new Error(`The log holds ${logBytes} bytes.`);
    if (action.do !== "tick" && action.do !== "pass") return;
    const pinned = new Set<ArrayBufferLike>();
    for (const { held, told, connection } of this.#clients) {
      if (held !== undefined && told && connection?.closed === false) pinned.add(held.buffer);
    }
    const bytes = [...pinned].reduce((sum, buffer) => sum + buffer.byteLength, 0);
    if (pinned.size > 1 && bytes > maxLogBytes) throw new Error(`${bytes} bytes are pinned.`);
  }

  /** Everybody comes back, reads everything, and must have the state. */
  #converge(): void {
    const { stream, clock } = this.#setup;
    this.#gateThrows = false;
    this.#commit(() => this.#set("b", "the end"));
    clock.flush();
    for (const [index, client] of this.#clients.entries()) {
      if (client.connection === undefined) this.#connect(client, client.selected, "last");
      client.reading = true;
      // It may have been cut off for being slow, and then comes back.
      for (let turns = 0; turns < 4; turns++) {
        this.#read(client);
        clock.flush();
        if (client.connection === undefined) this.#connect(client, client.selected, "last");
      }
      const expected = canonical(this.#visible(client.selected));
      const actual = canonical(client.reference.slices);
      if (actual !== expected) throw new Error(`Client ${index} has ${actual}\nand must have ${expected}`);
    }
    const state = canonical(new Map(Object.entries(stream.state as Record<string, Json>)));
    const all = canonical(this.#visible(undefined));
    if (state !== all) throw new Error(`The stream's state is ${state}\nand must be ${all}`);
    const codes = this.#errors.errors.map(({ code }) => code);
    if (codes.some((code) => code !== "not-serializable" && code !== "slices-failed"))
      throw new Error(`The stream reported ${codes.join(", ")}.`);
  }

  #ask(gate: unknown): string[] {
    if (this.#gateThrows) throw new Error("The gate is broken.");
    return shownBy(gate);
  }

  #isShown(slice: string): boolean {
    return !this.#plan.gated || shownBy(this.#values.get("gate")).includes(slice);
  }

  #visible(selected: readonly string[] | undefined): Map<string, Json> {
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

/** JSON with members in one order. */
function canonical(slices: ReadonlyMap<string, Json>): string {
  return JSON.stringify(sorted(Object.fromEntries(slices)));
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name] as Json)]));
}
