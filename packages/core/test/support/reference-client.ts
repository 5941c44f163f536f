import { createParser, type EventSourceMessage } from "eventsource-parser";
import jsonpatch from "fast-json-patch";
import { hasAppend } from "../../src/diff/strict.ts";
import type { Connection, Json, StateEvent, StateUpdateEvent } from "../../src/index.ts";
import { applyFitting } from "./apply.ts";

/** An event as it came over the wire. */
export interface Received {
  readonly id: string | undefined;
  readonly data: StateEvent;
}

/** What a client keeps to come back: its state and the id it belongs to. */
export interface Bookmark {
  readonly id: string | undefined;
  readonly slices: ReadonlyMap<string, Json>;
}

const FRAME =
  /^event: (state\.initial|state\.update|heartbeat|state\.end)\ndata: ([^\r\n]+)(?:\nid: (([\w-]{11})\.(0|[1-9a-z][\da-z]*)(?:\.(?=.)([\w-]{8})?(\.-)?)?))?$/;

/**
 * A client by PROTOCOL.md that forgives nothing: whatever a server must not do throws. It parses the bytes split where
 * nobody expects it, and applies patches with another applier than the library's.
 */
export class ReferenceClient {
  slices = new Map<string, Json>();
  /** The id of the last whole event: what it comes back with. */
  id: string | undefined;
  retryMs: number | undefined;
  /** Whether it understands the operation `append`. */
  append = false;
  /** Everything received over this connection. */
  events: Received[] = [];
  ended = false;
  /** Up to where it has everything, and the version of each slice that was received since. */
  #position = -1;
  #versions = new Map<string, number>();
  #raw = "";
  readonly #came: string | undefined;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #parser = createParser({
    onEvent: (message) => this.#onEvent(message),
    onRetry: (ms) => (this.retryMs = ms),
    onError: (error) => violation(error.message),
  });
  #random: number;
  readonly #branches: boolean;

  /**
   * `bookmark`: where it left off, if it comes back. `seed` decides where bytes are split. `branches`: the stream goes on
   * in other processes, so that its epoch changes, and a snapshot may repair what was sent before.
   */
  constructor(bookmark: Bookmark = { id: undefined, slices: new Map() }, seed = 1, branches = false) {
    this.#branches = branches;
    this.id = bookmark.id;
    this.#came = bookmark.id;
    this.slices = new Map(bookmark.slices);
    this.#random = seed;
  }

  get bookmark(): Bookmark {
    return { id: this.id, slices: new Map(this.slices) };
  }

  get state(): Record<string, Json> {
    return Object.fromEntries(this.slices);
  }

  /** Reads the connection until it has nothing more, or `chunks` times; gives what came. */
  pull(connection: Connection, chunks = Infinity): StateEvent[] {
    const before = this.events.length;
    for (let count = 0; count < chunks; count++) {
      const bytes = connection.read();
      if (bytes === undefined) break;
      this.feed(bytes);
    }
    return this.events.slice(before).map(({ data }) => data);
  }

  feed(bytes: Uint8Array): void {
    if (this.ended) violation("bytes after the end");
    for (let start = 0; start < bytes.length;) {
      // Mostly tiny pieces, now and then a large one.
      this.#random = (Math.imul(this.#random, 1103515245) + 12345) >>> 0;
      const size = 1 + ((this.#random >>> 8) % ((this.#random >>> 5) & 3 ? 9 : 8192));
      const text = this.#decoder.decode(bytes.subarray(start, start + size), { stream: true });
      start += size;
      this.#raw += text;
      if (this.retryMs === undefined && !"retry: ".startsWith(this.#raw.slice(0, 7))) violation("no retry line first");
      this.#parser.feed(text);
    }
  }

  #onEvent(message: EventSourceMessage): void {
    const raw = this.#raw.replace(/^retry: \d+\n/, "");
    const end = raw.indexOf("\n\n");
    const frame = FRAME.exec(raw.slice(0, end));
    this.#raw = raw.slice(end + 2);
    if (frame === null) return violation(`malformed frame ${JSON.stringify(raw.slice(0, end))}`);
    const [, event, text, id, , seq] = frame;
    const data = JSON.parse(message.data) as StateEvent;
    if (message.event !== event || message.data !== text || message.id !== id) violation("parsers disagree");
    if (data.type !== event) violation(`event ${event} says it is ${data.type}`);
    if (typeof data.timestamp !== "number") violation("no timestamp");
    if (this.ended) violation(`${event} after the end`);
    this.#checkId(data, id, seq);
    this.#apply(data);
    if (id !== undefined) this.id = id;
    this.events.push({ id, data });
  }

  #checkId(data: StateEvent, id: string | undefined, seq: string | undefined): void {
    if (id === undefined || seq === undefined) {
      if (data.type !== "state.end" || this.events.length > 0) violation(`${data.type} without an id`);
      return;
    }
    const known = this.events.at(-1)?.id;
    if (known !== undefined && this.#tagOf(known) !== this.#tagOf(id))
      violation(`id ${id} is not of the same stream as ${known}`);
    const number = Number.parseInt(seq, 36);
    if (data.type === "state.end" ? number !== this.#position : number !== data.seq)
      violation(`id ${id} is not its seq`);
  }

  #apply(data: StateEvent): void {
    switch (data.type) {
      case "state.initial":
        if (data.seq < this.#position && !(this.#branches && data.reason === "repaired"))
          violation(`a snapshot at ${data.seq} after ${this.#position}`);
        this.slices = new Map(Object.entries(data.slices));
        return this.#arriveAt(data.seq);
      case "heartbeat":
        if (this.events.length === 0) {
          if (this.#came?.endsWith(".-") === true) violation(`resumed from ${this.#came}, which names no state`);
          // Resumed: it names the position we came with, and that is what we have.
          if (this.#came !== undefined && Number.parseInt(this.#came.split(".")[1] ?? "", 36) !== data.seq)
            violation(`came with ${this.#came}, resumed at ${data.seq}`);
          return this.#arriveAt(data.seq);
        }
        if (data.head > this.#last && data.head <= data.seq) violation(`missed ${data.head}, is at ${this.#last}`);
        if (data.seq < this.#position) violation(`a heartbeat at ${data.seq} after ${this.#position}`);
        this.#position = data.seq;
        return;
      case "state.update":
        return this.#update(data);
      case "state.end":
        this.ended = true;
    }
  }

  /** The seq of the last event applied. */
  #last = -1;

  #arriveAt(seq: number): void {
    this.#position = seq;
    this.#last = seq;
    this.#versions = new Map();
  }

  #update({ slice, seq, base, patches, value, removed }: StateUpdateEvent): void {
    if (this.events.length === 0) violation("an update first");
    if (seq <= this.#position) violation(`seq ${seq} after ${this.#position}`);
    const version = this.#versions.get(slice);
    const exact = patches !== undefined || base !== 0;
    if (base > (version ?? this.#position) || (exact && version !== undefined && base !== version))
      violation(`base ${base} of ${seq}, slice ${JSON.stringify(slice)} is at ${version ?? this.#position}`);
    const before = this.slices.get(slice);
    if ([patches, value, removed].filter((member) => member !== undefined).length !== 1) violation("not one member");
    if (removed !== undefined) {
      if (!this.slices.delete(slice)) violation(`removed ${JSON.stringify(slice)}, which is absent`);
    } else if (value !== undefined) {
      this.slices.set(slice, value);
    } else if (patches !== undefined) {
      if (before === undefined || patches.length === 0) return violation(`patches on nothing, or none`);
      if (hasAppend(patches) && !this.append) violation(`an append for ${slice}, which was not granted`);
      const after = this.append
        ? applyFitting(before, patches)
        : jsonpatch.applyPatch(before, jsonpatch.deepClone(patches), true, false).newDocument;
      const [cost, size] = [JSON.stringify(patches), JSON.stringify(after)].map((text) => Buffer.byteLength(text));
      if (Number(cost) > Math.max(512, Number(size))) violation(`patches of ${cost} bytes for a value of ${size}`);
      this.slices.set(slice, after);
    }
    this.#versions.set(slice, seq);
    this.#position = seq;
    this.#last = seq;
  }

  /** The epoch and the selection of an id, which one connection does not change. */
  #tagOf(id: string): string {
    const [epoch, , selection = ""] = id.split(".");
    return `${this.#branches ? "" : epoch}.${selection}`;
  }
}

function violation(what: string): never {
  throw new Error(`Protocol violation: ${what}`);
}
