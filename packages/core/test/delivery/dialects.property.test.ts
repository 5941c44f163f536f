import fc from "fast-check";
import { test } from "vitest";
import type { ConnectOptions, Connection, Json, Operation } from "../../src/index.ts";
import { parseEventId } from "../../src/protocol/event-id.ts";
import { edit, editable, operationsOf, textIn } from "../support/edits.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";
import { type Bookmark, ReferenceClient } from "../support/reference-client.ts";
import { type Setup, setup } from "../support/streams.ts";
import { canonical } from "../support/values.ts";

const SLICES = ["a", "b", "c"];

const KINDS: readonly ConnectOptions[] = [
  { append: true },
  {},
  { append: ["a"] },
  { slices: ["b", "c"] },
  { slices: ["a", "b"], append: ["b"] },
  { slices: ["c"], append: true },
  { maxRateHz: 2 },
  { append: true, maxRateHz: 0.5, slices: ["a", "c"] },
];

const change = fc.record({
  do: fc.constantFrom("set", "set", "patch", "patch", "append", "remove"),
  slice: fc.constantFrom(...SLICES),
  edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
  fresh: editable,
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const client = fc.nat(KINDS.length - 1);
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("commit" as const), changes: fc.array(change, { minLength: 1, maxLength: 3 }) }) }, // prettier-ignore
  { weight: 2, arbitrary: fc.record({ do: fc.constant("flush" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), client, chunks: fc.constantFrom(1, 9) }) },
  // Comes back after some events of what it was sent, in the dialect of another client of its selection.
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cut" as const), client, after: fc.nat(6), append: fc.constantFrom(true, false, ["b"]) }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(100, 5000, 20_000) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** A client that checks, at each ID that names a state, that it has this state. */
class Client {
  reference = new ReferenceClient();
  #connection: Connection | undefined;
  readonly #kind: ConnectOptions;
  readonly #world: World;

  constructor(world: World, kind: ConnectOptions) {
    this.#world = world;
    this.#kind = kind;
    this.connect(kind.append);
  }

  connect(append: ConnectOptions["append"], bookmark?: Bookmark): void {
    this.#connection?.close();
    this.reference = new ReferenceClient(bookmark);
    this.reference.append = (append ?? false) !== false;
    this.#connection = this.#world.stream.connect({ ...this.#kind, append, lastEventId: bookmark?.id });
  }

  read(chunks: number): void {
    for (let count = 0; count < chunks; count++) {
      const bytes = this.#connection?.read();
      if (bytes === undefined) return;
      this.#take(bytes);
    }
  }

  /** Takes so many events of what there is, then comes back. */
  cut(after: number, append: ConnectOptions["append"]): void {
    const chunks: Uint8Array[] = [];
    for (let bytes = this.#connection?.read(); bytes !== undefined; bytes = this.#connection?.read())
      chunks.push(bytes);
    const text = Buffer.concat(chunks).toString("latin1");
    const frames = text.split(/(?<=\n\n)/).slice(0, after);
    if (frames.length > 0) this.#take(Buffer.from(frames.join(""), "latin1"));
    this.connect(append, this.reference.bookmark);
  }

  check(): void {
    this.read(Infinity);
    if (this.#connection?.closed === true) this.connect(this.#kind.append, this.reference.bookmark);
    this.read(Infinity);
    const [has, must] = [this.reference.state, this.#world.selected(this.#kind.slices, undefined)].map(canonical);
    if (has !== must) throw new Error(`A client has ${has}\nand must have ${must}`);
  }

  #take(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString("latin1");
    for (const frame of text.split(/(?<=\n\n)/)) {
      const before = this.reference.events.length;
      this.reference.feed(Buffer.from(frame, "latin1"));
      const id = parseEventId(this.reference.id ?? "");
      if (this.reference.events.length === before || id === undefined || id.isOpen) continue;
      const [has, must] = [this.reference.state, this.#world.selected(this.#kind.slices, id.seq)].map(canonical);
      if (has !== must) throw new Error(`At ${this.reference.id} a client has ${has}\nand must have ${must}`);
    }
  }
}

/** A stream, what its state was at each position, and clients. */
class World {
  readonly #setup: Setup;
  readonly #states: Record<string, Json>[] = [];
  readonly #clients: readonly Client[];

  constructor(initial: Record<string, Json>, maxLogEvents: number) {
    this.#setup = setup(initial, { maxLogEvents, heartbeatMs: 4000 });
    this.#states.push({ ...this.stream.state } as Record<string, Json>);
    this.#clients = KINDS.map((kind) => new Client(this, kind));
  }

  get stream(): Setup["stream"] {
    return this.#setup.stream;
  }

  /** The state at a position, or now. */
  selected(slices: readonly string[] | undefined, seq: number | undefined): Json {
    const state = this.#states.at(seq ?? -1) as Record<string, Json>;
    return Object.fromEntries(Object.entries(state).filter(([slice]) => slices?.includes(slice) ?? true));
  }

  do(given: Action): void {
    switch (given.do) {
      case "commit":
        return this.#commit(given.changes);
      case "flush":
        return this.#setup.clock.flush();
      case "pass":
        return this.#setup.clock.advance(given.ms);
      case "read":
        return this.#clients[given.client]?.read(given.chunks);
      case "cut":
        return this.#clients[given.client]?.cut(given.after, given.append);
    }
  }

  finish(): void {
    // Longer than the interval of any rate.
    this.#setup.clock.advance(4000);
    for (const client of this.#clients) client.check();
  }

  #commit(changes: readonly Change[]): void {
    // One change of each slice, so that its event has the value that it must have.
    const planned = new Map<string, Planned>();
    const { stream } = this;
    for (const given of changes) {
      if (planned.has(given.slice)) continue;
      planned.set(given.slice, planOf((stream.state as Record<string, Json>)[given.slice], given));
    }
    const [before, first] = [{ ...this.#states.at(-1) } as Record<string, Json>, this.#states.length];
    const watcher = stream.connect({ append: true, lastEventId: stream.eventId });
    stream.batch(() => {
      for (const [slice, { value, patches, append }] of planned) {
        if (value === undefined) stream.remove(slice);
        else if (append !== undefined) stream.append(slice, append.path, append.text);
        else if (patches !== undefined) stream.patch(slice, patches);
        else stream.set(slice, value);
      }
    });
    // The log numbers slices in the order of the changes, and those that are equal get no number.
    for (const { slice } of changedBy(watcher)) {
      const value = planned.get(slice)?.value;
      if (value === undefined) delete before[slice];
      else before[slice] = value;
      this.#states.push({ ...before });
    }
    if (parseEventId(stream.eventId)?.seq !== this.#states.length - 1)
      throw new Error(`States from ${first} are wrong.`);
    watcher.close();
  }
}

/** What a slice is after a change, and what makes it so; without either, it is set. */
interface Planned {
  readonly value: Json | undefined;
  readonly patches?: readonly Operation[];
  readonly append?: { readonly path: string; readonly text: string };
}

function planOf(before: Json | undefined, { do: kind, edits, fresh }: Change): Planned {
  if (kind === "remove") return { value: undefined };
  if (before === undefined) return { value: fresh };
  const grown = kind === "append" ? textIn(before, edits) : undefined;
  if (grown !== undefined) return { value: grown.after, append: grown };
  const { operations, after } = operationsOf(before, edits);
  return kind === "patch" && operations.length > 0 ? { value: after, patches: operations } : { value: after };
}

function changedBy(connection: Connection): { slice: string }[] {
  const changes: { slice: string }[] = [];
  for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read())
    for (const [, slice = ""] of Buffer.from(bytes)
      .toString()
      .matchAll(/"state\.update","slice":"(\w)"/g))
      changes.push({ slice });
  return changes;
}

test(
  "clients of every dialect and rate have the server's state at the end, and at every ID that names one",
  () => {
    const plans = fc.property(
      fc.record({ a: editable, b: editable, c: editable }),
      fc.constantFrom(1000, 12),
      fc.array(action, { minLength: 10, maxLength: 40 }),
      (initial, maxLogEvents, actions) => {
        const world = new World(initial, maxLogEvents);
        for (const given of actions) world.do(given);
        world.finish();
      },
    );
    checkProperty(plans, 150);
  },
  PROPERTY_TIMEOUT_MS,
);
