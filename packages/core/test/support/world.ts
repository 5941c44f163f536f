import type { Connection, Json } from "../../src/index.ts";
import { isRecord } from "../../src/json/json.ts";
import { type Action, type ClientAction, CLIENTS, type From, type Plan } from "./actions.ts";
import { type Bookmark, ReferenceClient } from "./reference-client.ts";
import { StateModel } from "./state-model.ts";
import { collector, type Setup, setup } from "./streams.ts";

/** A client of the model: what it selects, whether it reads, and where it has been. */
interface Client {
  selected: readonly string[] | undefined;
  connection: Connection | undefined;
  reference: ReferenceClient;
  reading: boolean;
  /** The last chunk read, while its writer has not come back for more. */
  held: Uint8Array | undefined;
  readonly been: { readonly selected: readonly string[] | undefined; readonly bookmark: Bookmark }[];
}

/** A stream, a model of its state that shares nothing with it, and clients. */
export class World {
  readonly #plan: Plan;
  readonly #setup: Setup;
  readonly #errors = collector();
  readonly #model: StateModel;
  readonly #clients: Client[];
  /** The most events a commit can have had: the newest may be as large and stay. */
  #largest = 1;

  constructor(plan: Plan) {
    this.#plan = plan;
    const initial = { gate: { show: ["a", "b"] } };
    const options = {
      maxLogEvents: plan.maxLogEvents,
      maxLogBytes: plan.maxLogBytes,
      maxPinnedBytes: plan.maxLogBytes,
      heartbeatMs: 4000,
      maxStallMs: 6000,
      snapshots: plan.copies ? ("copy" as const) : ("shared" as const),
      ...(plan.handled ? { onError: this.#errors.onError } : {}),
    };
    let made: Setup | undefined;
    this.#model = new StateModel(initial, plan.gated, (slices) => {
      made = setup(initial, plan.gated ? { ...options, slices } : options);
      return made.stream;
    });
    this.#setup = made as Setup;
    this.#clients = Array.from({ length: CLIENTS }, () => ({
      selected: undefined,
      connection: undefined,
      reference: new ReferenceClient(),
      reading: true,
      held: undefined,
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
      case "burst":
        for (let count = 0; count < action.count; count++) {
          this.#model.change({ do: "set", slice: action.slice, value: String(count).repeat(20_000) });
          clock.flush();
        }
        return;
      case "batch":
        return this.#model.batch(action.changes, action.throws);
      case "connect":
      case "cut":
      case "slow":
      case "read":
        return this.#client(this.#clients[action.client] as Client, action);
      default:
        return this.#model.change(action);
    }
  }

  #client(client: Client, action: ClientAction): void {
    switch (action.do) {
      case "connect":
        return this.#connect(client, action.slices, action.from);
      case "cut": {
        const bytes = client.connection?.read();
        if (bytes !== undefined) this.#feed(client, bytes.subarray(0, Math.min(action.at, bytes.length - 1)));
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
      if (client.reading) this.#read(client);
      // A writer takes one chunk before it is full.
      else if (client.held === undefined) this.#read(client, 1);
    });
  }

  #read(client: Client, chunks = Infinity): void {
    const { connection } = client;
    for (let count = 0; connection !== undefined && count < chunks; count++) {
      client.held = connection.read();
      if (client.held === undefined) break;
      this.#feed(client, client.held);
    }
    if (connection?.closed === true) {
      client.connection = undefined;
      client.held = undefined;
    }
  }

  /** Whole events are what it can come back from. */
  #feed({ reference, selected, been }: Client, bytes: Uint8Array): void {
    const before = reference.events.length;
    reference.feed(bytes);
    if (reference.events.length > before && reference.id !== undefined)
      been.push({ selected, bookmark: reference.bookmark });
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
  }

  /** Everybody comes back, reads everything, and must have the state. */
  #converge(): void {
    const { stream, clock } = this.#setup;
    this.#model.finish();
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
      const expected = canonical(this.#model.visible(client.selected));
      const actual = canonical(client.reference.slices);
      if (actual !== expected) throw new Error(`Client ${index} has ${actual}\nand must have ${expected}`);
    }
    const state = canonical(new Map(Object.entries(stream.state as Record<string, Json>)));
    const all = canonical(this.#model.visible(undefined));
    if (state !== all) throw new Error(`The stream's state is ${state}\nand must be ${all}`);
    const codes = this.#errors.errors.map(({ code }) => code);
    if (codes.some((code) => code !== "not-serializable" && code !== "slices-failed"))
      throw new Error(`The stream reported ${codes.join(", ")}.`);
  }
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
