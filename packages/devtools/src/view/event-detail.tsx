import type { Operation, StateEvent } from "@statestream/core";
import type { JSX } from "preact";
import { CopyButton } from "./copy-button.tsx";
import { bytes, clock, count } from "./format.ts";
import type { LogEntry } from "../model/event-log.ts";

const MAX_TEXT = 4000;
const MAX_OPERATIONS = 200;

interface EventDetailProps {
  /** The chosen one, or the newest. */
  entry: LogEntry | undefined;
  isPinned: boolean;
  unpin: () => void;
}

export function EventDetail({ entry, isPinned, unpin }: EventDetailProps): JSX.Element {
  return (
    <section class="panel detail" aria-labelledby="detail-title">
      <div class="head">
        <h3 id="detail-title">{isPinned ? "Selected event" : "Newest event"}</h3>
        {entry !== undefined && !entry.isHollow && (
          <CopyButton label="Copy event" text={() => ({ id: entry.id, ...entry.event })} />
        )}
        {isPinned && (
          <button type="button" onClick={unpin}>
            Show the newest
          </button>
        )}
      </div>
      {entry === undefined ? <p class="empty">The patches of an event are shown here.</p> : <Body entry={entry} />}
    </section>
  );
}

function Body({ entry: { event, id, size, isHollow } }: { entry: LogEntry }): JSX.Element {
  return (
    <>
      <p class="note">
        {[event.type, sizeOf(event), `${clock(event.timestamp, true)}`, bytes(size)].filter(Boolean).join(" · ")}
        <br />
        <code>{id ?? "no id"}</code>
        {event.type === "state.update" && ` · builds on ${event.base}`}
        {event.type === "state.update" && event.cause !== undefined && ` · caused by ${JSON.stringify(event.cause)}`}
      </p>
      <div class="content" role="region" tabIndex={0} aria-label="What the event says">
        {event.type === "state.update" && event.patches !== undefined ? (
          <ol>
            {event.patches.slice(0, MAX_OPERATIONS).map((operation, index) => (
              <PatchLine key={index} operation={operation} />
            ))}
          </ol>
        ) : (
          <pre>{isHollow ? "Too large to be kept." : shortened(JSON.stringify(contentOf(event), undefined, 2))}</pre>
        )}
      </div>
    </>
  );
}

function PatchLine({ operation }: { operation: Operation }): JSX.Element {
  return (
    <li>
      <b data-op={operation.op}>{operation.op}</b> <code>{operation.path || "(the slice)"}</code>{" "}
      {"from" in operation && <code>{`from ${operation.from}`}</code>}
      {"value" in operation && <span>{shortened(JSON.stringify(operation.value))}</span>}
    </li>
  );
}

function sizeOf(event: StateEvent): string {
  if (event.type !== "state.update") return "";
  const what =
    event.patches === undefined ? (event.removed ? "removed" : "value") : count(event.patches.length, "operation");
  return `${event.slice}: ${what}`;
}

/** Without what the line above it shows already. */
function contentOf(event: StateEvent): unknown {
  if (event.type !== "state.update") return event;
  return event.removed === true ? { removed: true } : event.value;
}

function shortened(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${count(text.length, "character")})` : text;
}
