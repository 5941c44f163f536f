import type { JSX } from "preact";
import type { LogEntry } from "../model/event-log.ts";
import { CopyButton } from "./copy-button.tsx";
import { clock } from "./format.ts";
import { StateTree } from "./state-tree.tsx";

interface StateViewProps {
  state: object | undefined;
  entries: readonly LogEntry[];
  selected: LogEntry | undefined;
  select: (entry: LogEntry) => void;
  release: () => void;
}

/** The state now, or after an event that was chosen: one can step through those that are kept. */
export function StateView({ state, entries, selected, select, release }: StateViewProps): JSX.Element {
  const steps = entries.filter((entry) => entry.state !== undefined && entry.event.type !== "heartbeat");
  const at = selected === undefined ? steps.length - 1 : steps.findLastIndex(({ key }) => key <= selected.key);
  const isPast = selected !== undefined;
  // A heartbeat changes nothing: the state is the one after the change before it.
  const shown = isPast ? steps[at]?.state : state;
  const step = (to: number): void => {
    const entry = steps[to];
    if (entry !== undefined) select(entry);
  };
  return (
    <section class="panel state" aria-labelledby="state-title">
      <div class="head">
        <h3 id="state-title">{isPast ? "State then" : "State"}</h3>
        <p class="note">
          {isPast && selected !== undefined ? `after the event of ${clock(selected.event.timestamp, true)}` : "now"}
        </p>
        <div class="steps" role="group" aria-label="History">
          <button type="button" disabled={at <= 0} onClick={() => step(at - 1)}>
            ◂ Earlier
          </button>
          <input
            type="range"
            aria-label={`Step through the last ${steps.length} states`}
            min={0}
            max={Math.max(0, steps.length - 1)}
            value={Math.max(0, at)}
            disabled={steps.length < 2}
            onInput={({ currentTarget }) => step(Number(currentTarget.value))}
          />
          <button type="button" disabled={!isPast || at >= steps.length - 1} onClick={() => step(at + 1)}>
            Later ▸
          </button>
          <button type="button" disabled={!isPast} onClick={release}>
            Now
          </button>
        </div>
        <CopyButton label="Copy state" text={() => shown} />
      </div>
      {isPast && shown === undefined ? (
        <p class="empty">The state after this event is not kept any more: only those of the last events are.</p>
      ) : shown === undefined ? (
        <p class="empty">There is no state yet.</p>
      ) : (
        <StateTree state={shown} />
      )}
    </section>
  );
}
