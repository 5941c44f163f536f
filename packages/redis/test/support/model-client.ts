import { isDeepStrictEqual } from "node:util";
import type { Connection, StateEvent, StateStream } from "@statestream/core";
import { after, type Oracle, type State } from "./oracle.ts";

interface Place {
  readonly epoch: string;
  readonly seq: number;
}

/** A client that goes from node to node, and believes nothing: at every event its state must be what the id names. */
export class ModelClient {
  readonly #oracle: Oracle;
  /** Which slices it selects; all without. */
  readonly #slices: readonly string[] | undefined;
  readonly snapshots: string[] = [];
  id: string | undefined;
  #connection: Connection | undefined;
  #state: State = {};
  #place: Place | undefined;
  #text = "";
  #events = 0;
  /** The least seq of a slice whose last event it knows, by connection. */
  #versions = new Map<string, number>();
  #floor = 0;

  constructor(oracle: Oracle, slices: readonly string[] | undefined) {
    this.#oracle = oracle;
    this.#slices = slices;
  }

  get connected(): boolean {
    return this.#connection !== undefined && !this.#connection.closed;
  }

  /** Whether it has received a state from the node it is connected to. */
  get isTold(): boolean {
    return this.connected && this.#events > 0;
  }

  get state(): State {
    return this.#state;
  }

  connect(stream: StateStream): void {
    this.leave();
    this.#text = "";
    this.#events = 0;
    this.#connection = stream.connect({ lastEventId: this.id, slices: this.#slices });
  }

  leave(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** Takes what there is. */
  pull(): void {
    for (let bytes = this.#connection?.read(); bytes !== undefined; bytes = this.#connection?.read()) {
      this.#text += new TextDecoder().decode(bytes);
      const frames = this.#text.replace(/^retry: \d+\n/, "").split("\n\n");
      this.#text = frames.pop() as string;
      for (const frame of frames) this.#hear(frame);
    }
  }

  #hear(frame: string): void {
    const found = /^event: \S+\ndata: (.+?)(?:\nid: (([\w-]{11})\.(\w+)(?:\.(?:[\w-]{8})?(\.-)?)?))?$/.exec(frame);
    if (found === null) throw new Error(`no frame: ${frame}`);
    const [, data = "", id, epoch = "", seq = "", open] = found;
    const event = JSON.parse(data) as StateEvent;
    if (event.type === "state.end") return;
    if (id === undefined) throw new Error(`an event without an id: ${frame}`);
    const place = { epoch, seq: Number.parseInt(seq, 36) };
    this.#take(event, id, place);
    this.#events++;
    this.id = id;
    this.#place = place;
    // An open ID names no state: the end of the commit does.
    if (open !== undefined) return;
    const expected = this.#selected(this.#oracle.stateAt(place.epoch, place.seq));
    if (!isDeepStrictEqual(this.#state, expected))
      throw new Error(`I2: at ${id} after ${frame} is ${JSON.stringify(this.#state)}, not ${JSON.stringify(expected)}`);
  }

  #take(event: Exclude<StateEvent, { type: "state.end" }>, id: string, { seq }: Place): void {
    const before = this.#place;
    if (event.type === "state.initial") {
      this.#state = event.slices;
      this.snapshots.push(event.reason);
      if (before !== undefined && seq < before.seq && event.reason !== "epoch" && event.reason !== "repaired")
        throw new Error(`I3: from ${this.id} back to ${id} by a snapshot of the reason ${event.reason}`);
      this.#begin(seq);
      return;
    }
    if (this.#events === 0) {
      if (event.type !== "heartbeat" || id !== this.id) throw new Error(`I3: came with ${this.id}, resumed at ${id}`);
      this.#begin(seq);
      return;
    }
    if (before === undefined || seq < before.seq || (event.type === "state.update" && seq === before.seq))
      throw new Error(`I3: ${event.type} ${id} after ${this.id}`);
    if (event.type === "heartbeat") return;
    const { slice, base } = event;
    if (base > (this.#versions.get(slice) ?? this.#floor)) throw new Error(`I2: ${id} builds on ${base} of ${slice}`);
    this.#versions.set(slice, seq);
    this.#state = after(this.#state, event);
  }

  #begin(seq: number): void {
    this.#versions.clear();
    this.#floor = seq;
  }

  #selected(state: State): State {
    const slices = this.#slices;
    return slices ? Object.fromEntries(Object.entries(state).filter(([slice]) => slices.includes(slice))) : state;
  }
}
