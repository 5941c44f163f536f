import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { LogEntry } from "../model/event-log.ts";
import type { View } from "../model/session.ts";
import { ConnectionList } from "./connection-list.tsx";
import { EventDetail } from "./event-detail.tsx";
import { EventLog } from "./event-log.tsx";
import { Numbers } from "./numbers.tsx";
import { StateTree } from "./state-tree.tsx";

/** What is behind the panels above: all that came over the wire, and what it made of the state. */
export function Inspector({ view }: { view: View }): JSX.Element {
  const [selected, setSelected] = useState<LogEntry | undefined>();
  const [held, setHeld] = useState<readonly LogEntry[] | undefined>();
  const select = (entry: LogEntry): void => {
    setSelected(entry);
    // It is not to wander off while one reads it.
    setHeld(held ?? view.entries);
  };
  const release = (): void => {
    setSelected(undefined);
    setHeld(undefined);
  };
  return (
    <>
      <section class="panel position" aria-labelledby="position-title">
        <div class="head">
          <h2 id="position-title">Connection</h2>
          <p class="note">
            <a href="/plain.html">The same with a native EventSource</a>
          </p>
        </div>
        <Numbers view={view} />
        <ConnectionList records={view.connections} />
      </section>
      <EventLog
        entries={held ?? view.entries}
        total={view.totalEvents}
        isHeld={held !== undefined}
        hold={(isHeld) => (isHeld ? setHeld(view.entries) : release())}
        selected={selected}
        select={select}
      />
      <div class="side">
        <EventDetail entry={selected ?? view.entries.at(-1)} isPinned={selected !== undefined} unpin={release} />
        <StateTree state={view.state} />
      </div>
    </>
  );
}
