import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { type Framework, FRAMEWORKS } from "../../src/frameworks.ts";
import { type Session, SLICES, type View } from "./model/session.ts";
import { send } from "./send.ts";

/** Where it stands, and everything one can do to the connection. */
export function Bar({ session, view }: { session: Session; view: View }): JSX.Element {
  const isClosed = view.status.status === "closed";
  return (
    <header class="bar">
      <h1>
        Statestream <span>playground</span>
      </h1>
      <Status view={view} />
      <p class="pending" aria-live="polite">
        {view.pending > 0 && `${view.pending} ${view.pending === 1 ? "change" : "changes"} not confirmed yet`}
      </p>
      <div class="actions" role="group" aria-label="Connection">
        <button type="button" onClick={() => (isClosed ? session.connect() : session.disconnect())}>
          {isClosed ? "Reconnect" : "Disconnect"}
        </button>
        <button
          type="button"
          aria-pressed={!view.isReading}
          onClick={() => (view.isReading ? session.pause() : session.read())}
        >
          {view.isReading ? "Pause reading" : "Read on"}
        </button>
        <FloodButton isFlooding={view.state?.flood !== undefined} />
      </div>
      <Choices label="Slices">
        {SLICES.map((name) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={view.slices.includes(name)}
              onChange={({ currentTarget: { checked } }) =>
                session.follow(SLICES.filter((slice) => (slice === name ? checked : view.slices.includes(slice))))
              }
            />
            {name}
          </label>
        ))}
      </Choices>
      {!view.isCluster && (
        <Choices label="Served by">
          {FRAMEWORKS.map((name: Framework) => (
            <label key={name}>
              <input
                type="radio"
                name="framework"
                checked={view.framework === name}
                onChange={() => session.choose(name)}
              />
              {name}
            </label>
          ))}
        </Choices>
      )}
    </header>
  );
}

function Choices({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <fieldset class="choices">
      <legend>{label}</legend>
      {children}
    </fieldset>
  );
}

const NAMES = { connecting: "Connecting", live: "Live", stale: "Reconnecting", closed: "Disconnected" } as const;

function Status({ view: { status, isReading, isBehind } }: { view: View }): JSX.Element {
  const { error, attempt } = status;
  const name = isBehind && error === undefined && status.status === "stale" ? "Stale" : NAMES[status.status];
  const paused = isReading || status.status === "closed" ? "" : ", not reading";
  const attempts = attempt > 1 ? `, attempt ${attempt}` : "";
  return (
    <p class="status" role="status" data-status={status.status} title={error?.message}>
      {`${name}${attempts}${paused}`}
    </p>
  );
}

function FloodButton({ isFlooding }: { isFlooding: boolean }): JSX.Element {
  const [problem, setProblem] = useState("");
  const start = async (): Promise<void> => {
    setProblem("");
    await send("POST", "/api/flood").catch((error: Error) => setProblem(error.message));
  };
  return (
    <>
      <button type="button" disabled={isFlooding} onClick={() => void start()}>
        {isFlooding ? "Flooding…" : "Flood"}
      </button>
      {problem !== "" && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}
