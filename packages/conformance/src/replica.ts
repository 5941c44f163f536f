import type { HeartbeatEvent, Json, StateInitialEvent, StateUpdateEvent } from "@statestream/core";
import { isHeartbeat, isInitial, isUpdate, type Received } from "./event.ts";
import { applyPatch, sameJson, sizeOf } from "./json.ts";
import type { Report } from "./rules.ts";

const ID = /^([\w-]{11})\.(0|[1-9a-z][\da-z]{0,10})(?:\.(?=.)([\w-]{8})?(\.-)?)?$/;

/** An event ID taken apart. */
export interface IdParts {
  readonly epoch: string;
  readonly seq: number;
  readonly selection: string | undefined;
  /** It names no state. */
  readonly isOpen: boolean;
}

export function parseId(id: string): IdParts | undefined {
  const [, epoch, seq, selection, mark] = ID.exec(id) ?? [];
  if (epoch === undefined || seq === undefined) return undefined;
  const number = Number.parseInt(seq, 36);
  return Number.isSafeInteger(number) ? { epoch, seq: number, selection, isOpen: mark !== undefined } : undefined;
}

/** A client's copy of the state: applies events as PROTOCOL.md says, and reports everything that violates it. */
export class Replica {
  readonly #report: Report;
  readonly #slices = new Map<string, Json>();
  /** The seq of each slice's last event that this client received. */
  readonly #versions = new Map<string, number>();
  #snapshotSeq: number | undefined;
  #position: number | undefined;
  #applied = 0;
  #head = 0;
  #more = false;
  #ended = false;
  #begun = false;
  #first: IdParts | undefined;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Begins with another client's copy, as a reconnecting client does. */
  continue(from: Replica): void {
    for (const [slice, value] of from.#slices) this.#slices.set(slice, structuredClone(value));
    for (const [slice, seq] of from.#versions) this.#versions.set(slice, seq);
    this.#snapshotSeq = from.#snapshotSeq;
    this.#position = from.#position;
    this.#applied = from.#applied;
  }

  get slices(): ReadonlyMap<string, Json> {
    return this.#slices;
  }

  /** Whether the client has everything that the server has announced. */
  get live(): boolean {
    return this.#position !== undefined && this.#applied >= this.#head && !this.#more;
  }

  is(state: Readonly<Record<string, Json>>): boolean {
    const names = Object.keys(state);
    return names.length === this.#slices.size && names.every((name) => sameJson(this.#slices.get(name), state[name]));
  }

  take(received: Received): void {
    // Patches are applied in place, but the received event is evidence that must not change.
    const event: Received = { ...received, data: structuredClone(received.data) };
    if (this.#ended) this.#report("end", `there is a ${event.event} after state.end`);
    if (this.#more && !isUpdate(event)) this.#report("more", `the event after "more" is a ${event.event}`);
    this.#id(event);
    this.#more = false;
    if (isInitial(event)) this.#initial(event.data);
    else if (isUpdate(event)) this.#update(event.data);
    else if (isHeartbeat(event)) this.#heartbeat(event.data);
    else this.#ended = true;
    this.#begun = true;
  }

  #id({ id, data }: Received): void {
    if (id === "") return;
    const parts = parseId(id);
    if (parts === undefined) return this.#report("ids", `${JSON.stringify(id)} is not an event ID`);
    this.#first ??= parts;
    if (parts.epoch !== this.#first.epoch) this.#report("ids", "the epoch changed within a response");
    if (parts.selection !== this.#first.selection) this.#report("ids", "the selection changed within a response");
    if (parts.isOpen && (data.type !== "state.update" || data.more !== true))
      this.#report("ids", `the open id ${id} is not of an event within a commit`);
    if (data.type === "state.end") {
      const position = this.#position ?? 0;
      if (parts.seq < position) this.#report("seqs", `state.end is at ${parts.seq}, the client at ${position}`);
    } else if (parts.seq !== data.seq) {
      this.#report("ids", `the id ${id} is not that of seq ${data.seq}`);
    }
  }

  #initial({ seq, slices }: StateInitialEvent): void {
    // A client that comes back may be given an older position, of another log; within a response positions only rise.
    if (this.#begun && seq < (this.#position ?? 0)) {
      this.#report("seqs", `the snapshot is of ${seq}, the client at ${this.#position}`);
    }
    this.#slices.clear();
    this.#versions.clear();
    for (const [slice, value] of Object.entries(slices)) this.#slices.set(slice, value);
    this.#snapshotSeq = seq;
    this.#position = seq;
    this.#applied = seq;
    this.#head = Math.max(this.#head, seq);
  }

  #update(update: StateUpdateEvent): void {
    const { slice, seq, base } = update;
    if (this.#position === undefined) this.#report("seqs", "an update comes before any snapshot");
    if (seq <= (this.#position ?? 0)) this.#report("seqs", `update ${seq} comes at position ${this.#position}`);
    const version = this.#versions.get(slice);
    if (version !== undefined && base !== version) {
      this.#report("base", `update ${seq} of ${slice} has base ${base}, its last event was ${version}`);
    } else if (base > (version ?? this.#snapshotSeq ?? 0) || base >= seq) {
      this.#report("base", `update ${seq} of ${slice} has base ${base}, which this client never received`);
    }
    this.#apply(update);
    this.#versions.set(slice, seq);
    this.#position = seq;
    this.#applied = seq;
    this.#more = update.more === true;
  }

  #apply({ slice, seq, patches, value, removed }: StateUpdateEvent): void {
    const before = this.#slices.get(slice);
    if (removed === true) {
      if (before === undefined) this.#report("patches", `update ${seq} removes ${slice}, which is not there`);
      this.#slices.delete(slice);
    } else if (patches === undefined) {
      this.#slices.set(slice, value as Json);
    } else if (before === undefined) {
      this.#report("patches", `update ${seq} patches ${slice}, which is not there`);
    } else {
      this.#patch(slice, before, patches, seq);
    }
  }

  #patch(slice: string, before: Json, patches: NonNullable<StateUpdateEvent["patches"]>, seq: number): void {
    if (patches.length === 0) this.#report("patches", `update ${seq} has no operations`);
    const cost = sizeOf(patches);
    const sizeBefore = cost > 512 ? sizeOf(before) : 0;
    try {
      const after = applyPatch(before, patches);
      // The server may take the last size it knows for that of the value.
      if (cost > 512 && cost > Math.max(sizeBefore, sizeOf(after))) {
        this.#report("patches", `update ${seq} has ${cost} bytes of patches, more than its value`);
      }
      this.#slices.set(slice, after);
    } catch (error) {
      this.#report("patches", `update ${seq} does not apply: ${(error as Error).message}`);
    }
  }

  #heartbeat({ seq, head }: HeartbeatEvent): void {
    if (seq < (this.#position ?? 0)) this.#report("seqs", `heartbeat ${seq} comes at position ${this.#position}`);
    // Missed for good: the server says that the client is at seq, and that the last selected event was before that.
    if (head > this.#applied && head <= seq && this.#snapshotSeq !== undefined) {
      this.#report("seqs", `the heartbeat at ${seq} announces event ${head}, which was never sent`);
    }
    this.#head = Math.max(this.#head, head);
    this.#position = seq;
  }
}
