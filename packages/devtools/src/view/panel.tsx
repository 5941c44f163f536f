import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { LogEntry } from "../model/event-log.ts";
import type { Recording } from "../model/recorder.ts";
import { ConnectionList } from "./connection-list.tsx";
import { EventDetail } from "./event-detail.tsx";
import { EventLog } from "./event-log.tsx";
import { Numbers } from "./numbers.tsx";
import { SliceTable } from "./slice-table.tsx";
import { StateView } from "./state-view.tsx";

/** Everything that came over the wire to one client, and what it made of the state. */
export function Panel({ recording }: { recording: Recording }): JSX.Element {
  const [selected, setSelected] = useState<LogEntry | undefined>();
  const [held, setHeld] = useState<readonly LogEntry[] | undefined>();
  const entries = held ?? recording.entries;
  const select = (entry: LogEntry): void => {
    setSelected(entry);
    // The list stays as it is while one of its events is being read.
    setHeld(entries);
  };
  const release = (): void => {
    setSelected(undefined);
    setHeld(undefined);
  };
  return (
    <div class="grid">
      <section class="panel position" aria-labelledby="position-title">
        <div class="head">
          <h3 id="position-title">Connection</h3>
        </div>
        <Numbers recording={recording} />
        <ConnectionList records={recording.connections} />
      </section>
      <EventLog
        entries={entries}
        total={recording.totalEvents}
        slices={recording.slices.map(({ name }) => name)}
        selected={selected}
        select={select}
      />
      <div class="side">
        <EventDetail entry={selected ?? entries.at(-1)} isPinned={selected !== undefined} unpin={release} />
        <SliceTable slices={recording.slices} />
      </div>
      <StateView state={recording.state} entries={entries} selected={selected} select={select} release={release} />
    </div>
  );
}
