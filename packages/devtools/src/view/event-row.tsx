import type { JSX } from "preact";
import type { StateEvent } from "@statestream/core";
import { bytes, clock } from "./format.ts";
import { type LogEntry, type LogRow, sliceOf } from "../model/event-log.ts";

interface EventRowProps {
  row: LogRow;
  isSelected: boolean;
  select: (entry: LogEntry) => void;
}

export function EventRow({ row, isSelected, select }: EventRowProps): JSX.Element {
  const { event, id } = row.newest;
  return (
    // The list around it has the keyboard's focus, and moves the selection.
    <div
      id={`event-${row.first}`}
      class="row"
      role="option"
      aria-selected={isSelected}
      data-type={event.type}
      onClick={() => select(row.newest)}
    >
      <time>{clock(event.timestamp)}</time>
      <span class="type">
        {event.type}
        {row.count > 1 && <b>{` ×${row.count}`}</b>}
      </span>
      <span class="slice">{sliceOf(event) ?? ""}</span>
      <span class="what">{whatOf(event)}</span>
      <span class="id">{id}</span>
      <span class="size">{bytes(row.size)}</span>
    </div>
  );
}

/** The reason of an event, in a few words. */
function whatOf(event: StateEvent): string {
  switch (event.type) {
    case "state.initial":
      return event.reason;
    case "heartbeat":
      return `${event.head > event.seq ? "resumes at" : "at"} ${event.seq}${event.stale === true ? ", stale" : ""}`;
    case "state.end":
      return event.retry ? event.reason : `${event.reason}, for good`;
    case "state.update": {
      const { cause } = event;
      return cause === undefined ? "" : `${cause.type}${cause.id === undefined ? "" : ` ${cause.id}`}`;
    }
  }
}
