import type { Json, StateEvent, StateUpdateEvent } from "@statestream/core";
import { applyPlainPatch } from "./plain-patch.ts";

/** A copy of the state by the words of PROTOCOL.md, simple rather than fast. */
export class PlainReplica {
  state: Record<string, Json> | undefined;
  eventId: string | undefined;
  #versions = new Map<string, number>();
  #start: number | undefined;
  #applied = 0;
  #cameWith: string | undefined;
  #append = false;

  /** A connection begins. `append`: it requested that operation, so it may occur; otherwise it must not. */
  begin({ append }: { readonly append: boolean }): void {
    this.#append = append;
    this.#cameWith = this.eventId;
    this.#start = undefined;
    this.#versions.clear();
  }

  /** Takes an event; says what does not fit, after which only a connection without an id helps. */
  take(event: StateEvent, id: string | undefined): string | undefined {
    if (event.type === "state.initial") {
      this.state = { ...event.slices };
      this.#versions.clear();
      this.#start = event.seq;
      this.#applied = event.seq;
    } else if (event.type === "heartbeat") {
      if (this.#start === undefined) {
        if (id !== this.#cameWith || this.state === undefined) return `resumed at ${id}, not at ${this.#cameWith}`;
        this.#start = event.seq;
        this.#applied = event.seq;
      }
      if (this.#applied < event.head && event.head <= event.seq) return `event ${event.head} never came`;
      if (event.head > this.#applied) return undefined;
    } else if (event.type === "state.update") {
      const misfit = this.#update(event);
      if (misfit !== undefined) return misfit;
    } else {
      return undefined;
    }
    this.eventId = id;
    return undefined;
  }

  #update(update: StateUpdateEvent): string | undefined {
    const { slice, seq, base } = update;
    if (this.#start === undefined || this.state === undefined) return "an update came before any state";
    const version = this.#versions.get(slice) ?? this.#start;
    if (seq <= version) return `update ${seq} of ${slice} came again`;
    if (base > version) return `update ${seq} of ${slice} builds on ${base}, this client has ${version}`;
    if (!this.#append && update.patches?.some(({ op }) => op === "append") === true)
      return `update ${seq} of ${slice} appends, which this client did not ask for`;
    try {
      this.state = withUpdate(this.state, update);
    } catch (error) {
      return `update ${seq} of ${slice} does not apply: ${String(error)}`;
    }
    this.#versions.set(slice, seq);
    this.#applied = seq;
    return undefined;
  }
}

/** The state after an update; the one before is left as it was. Throws where a patch does not apply. */
export function withUpdate(
  state: Readonly<Record<string, Json>>,
  { slice, patches, value, removed }: Pick<StateUpdateEvent, "slice" | "patches" | "value" | "removed">,
): Record<string, Json> {
  // A map, since a slice may have a name that objects inherit, such as `__proto__`.
  const slices = new Map(Object.entries(state));
  const before = slices.get(slice);
  if (removed === true) slices.delete(slice);
  else if (patches === undefined) slices.set(slice, value as Json);
  else if (before === undefined) throw new Error(`there is no slice ${slice}`);
  else slices.set(slice, applyPlainPatch(before, patches));
  return Object.fromEntries(slices);
}
