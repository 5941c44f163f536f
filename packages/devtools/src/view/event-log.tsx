import type { JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { count } from "./format.ts";
import { type LogEntry, type LogRow, rowsOf, type Shown } from "../model/event-log.ts";
import { EventRow } from "./event-row.tsx";

const MAX_ROWS = 150;

interface EventLogProps {
  entries: readonly LogEntry[];
  total: number;
  /** Names to choose from. */
  slices: readonly string[];
  selected: LogEntry | undefined;
  select: (entry: LogEntry) => void;
}

export function EventLog({ entries, total, slices, selected, select }: EventLogProps): JSX.Element {
  const [shown, setShown] = useState<Shown>("everything");
  const [isGrouped, setIsGrouped] = useState(true);
  const list = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(entries, shown, isGrouped, MAX_ROWS), [entries, shown, isGrouped]);
  const position = rows.findIndex((row) => isIn(row, selected));

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const row = rows[Math.min(rows.length - 1, Math.max(0, position + step))];
    if (row === undefined) return;
    select(row.newest);
    list.current?.querySelector(`#event-${row.first}`)?.scrollIntoView({ block: "nearest" });
  };

  return (
    <section class="panel events" aria-labelledby="events-title">
      <div class="head">
        <h3 id="events-title">Events</h3>
        <p class="note">{count(total, "event")}</p>
        <label>
          Show{" "}
          <select value={shown} onChange={({ currentTarget }) => setShown(currentTarget.value)}>
            {["everything", ...slices, "heartbeats"].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          <input
            type="checkbox"
            checked={isGrouped}
            onChange={({ currentTarget }) => setIsGrouped(currentTarget.checked)}
          />
          group
        </label>
      </div>
      <div
        ref={list}
        class="rows"
        role="listbox"
        aria-label="Events, newest first; arrow keys select one"
        tabIndex={0}
        aria-activedescendant={position === -1 ? undefined : `event-${rows[position]?.first}`}
        onKeyDown={onKeyDown}
      >
        {rows.length === 0 && <p class="empty">{emptyText(total, shown)}</p>}
        {rows.map((row) => (
          <EventRow key={row.first} row={row} isSelected={isIn(row, selected)} select={select} />
        ))}
      </div>
    </section>
  );
}

function isIn({ first, newest }: LogRow, entry: LogEntry | undefined): boolean {
  return entry !== undefined && first <= entry.key && entry.key <= newest.key;
}

function emptyText(total: number, shown: Shown): string {
  if (total === 0) return "Events appear here as they arrive.";
  return shown === "heartbeats" ? "No heartbeat has arrived yet." : `Nothing of “${shown}” among the last events.`;
}
