import type { Json, StateUpdateEvent } from "@statestream/core";
import { rewind } from "./rewind.ts";

/** The conversation at a position of the log. */
export interface Position {
  readonly value: Json | undefined;
  readonly eventId: string;
}

/** An update that the client missed. */
interface Missed {
  readonly update: StateUpdateEvent;
  readonly id: string;
}

/**
 * Collects what a client that resumes has missed. It is sent patches for a conversation that only the client has; what the
 * log knows is the conversation at its head. With both, each patch can be understood.
 */
export class Resumption {
  readonly current: Position;
  readonly missed: Missed[] = [];
  readonly #epoch: string;
  readonly #seq: number;
  /** The position of the last event that was missed. */
  #until: number;

  constructor(current: Position) {
    this.current = current;
    const [epoch = "", seq = ""] = current.eventId.split(".");
    this.#epoch = epoch;
    this.#seq = Number.parseInt(seq, 36);
    this.#until = this.#seq;
  }

  /** Whether an event has a position that can be compared. */
  isOfLog(id: string): boolean {
    return id.startsWith(`${this.#epoch}.`);
  }

  /** Takes the client's position and that of the last event of its selection, as the server reports them. Returns whether nothing was missed. */
  heard(seq: number, head: number): boolean {
    this.#until = Math.min(this.#seq, head);
    return seq >= this.#until;
  }

  isMissed({ seq }: StateUpdateEvent): boolean {
    return seq <= this.#seq;
  }

  /** Whether all that was missed came event by event. An event that stands for several may lead beyond the known position. */
  get isComplete(): boolean {
    return (this.missed.at(-1)?.update.seq ?? 0) >= this.#until;
  }

  /** Takes an update. Returns whether it was the last. */
  miss(update: StateUpdateEvent, id: string): boolean {
    this.missed.push({ update, id });
    return update.more !== true && update.seq >= this.#until;
  }

  /** The conversation that the client has; `undefined` where that cannot be found out. */
  before(slice: string): Json | undefined {
    const updates = this.missed.map(({ update }) => update).filter((update) => update.slice === slice);
    return rewind(this.current.value ?? (updates.length === 0 ? [] : undefined), updates);
  }
}
