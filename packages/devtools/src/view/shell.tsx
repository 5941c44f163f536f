import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Recorder, Recording } from "../model/recorder.ts";
import { CopyButton } from "./copy-button.tsx";
import { count } from "./format.ts";
import { Panel } from "./panel.tsx";

interface ShellProps {
  recorders: ReadonlyMap<string, Recorder>;
  /** At the bottom of the page, behind a button; otherwise it is part of the page and always open. */
  isDocked: boolean;
}

export function Shell({ recorders, isDocked }: ShellProps): JSX.Element {
  const [isOpen, setIsOpen] = useState(!isDocked);
  const [chosen, choose] = useState("");
  const [paused, setPaused] = useState<Recording | undefined>();
  const toggle = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(isOpen);
  // A panel that closes must not drop the keyboard's focus.
  useEffect(() => {
    if (wasOpen.current && !isOpen) toggle.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);

  const [first = ""] = recorders.keys();
  const name = recorders.has(chosen) ? chosen : first;
  const recorder = recorders.get(name);
  if (!isOpen) {
    const statuses = [...recorders.values()].map((each) => each.read().status.status);
    const worst =
      ["closed", "stale", "connecting"].find((status) => statuses.some((each) => each === status)) ?? "live";
    return (
      <button ref={toggle} type="button" class="toggle" aria-expanded={false} onClick={() => setIsOpen(true)}>
        <span class="dot" data-status={worst} /> Statestream
      </button>
    );
  }
  const recording = paused ?? recorder?.read();
  return (
    <section class={isDocked ? "shell docked" : "shell"} aria-label="Statestream developer tools">
      <div class="bar">
        <h2>Inspector</h2>
        {recorders.size > 1 && (
          <label>
            Client{" "}
            <select
              value={name}
              onChange={({ currentTarget }) => {
                choose(currentTarget.value);
                setPaused(undefined);
              }}
            >
              {[...recorders.keys()].map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        )}
        <button
          type="button"
          aria-pressed={paused !== undefined}
          onClick={() => setPaused(paused === undefined ? recorder?.read() : undefined)}
        >
          {paused === undefined ? "Pause" : "Continue"}
        </button>
        {recording !== undefined && (
          <>
            <CopyButton label="Copy events" text={() => recording.entries.map(({ id, event }) => ({ id, ...event }))} />
            {paused !== undefined && recorder !== undefined && (
              <span class="note">{`${count(recorder.read().totalEvents - paused.totalEvents, "event")} since`}</span>
            )}
          </>
        )}
        {isDocked && (
          <button type="button" class="close" aria-label="Close the inspector" onClick={() => setIsOpen(false)}>
            ✕
          </button>
        )}
      </div>
      {recording === undefined ? (
        <p class="empty">There is no client to inspect.</p>
      ) : (
        <Panel key={name} recording={recording} />
      )}
    </section>
  );
}
