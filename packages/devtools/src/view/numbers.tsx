import type { JSX } from "preact";
import { bytes, clock, count } from "./format.ts";
import type { Recording } from "../model/recorder.ts";

/** The position of the copy, and what it has cost. */
export function Numbers({ recording }: { recording: Recording }): JSX.Element {
  const { status, receivedBytes, snapshotBytes } = recording;
  const { epoch, seq, selection } = positionOf(status.eventId);
  const share = snapshotBytes === 0 ? 0 : receivedBytes / snapshotBytes;
  return (
    <>
      <dl class="figures">
        <Item term="Status" value={status.status} note={`since ${clock(status.since)}`} />
        <Item term="Position" value={seq} note={selection === undefined ? "all slices" : `selection ${selection}`} />
        <Item term="Epoch" value={epoch} note={status.resumed ? "resumed" : "from a snapshot"} />
        <Item
          term="Events"
          value={recording.totalEvents.toLocaleString("en")}
          note={count(recording.connections.length, "connection")}
        />
      </dl>
      <div class="cost">
        <p>
          <strong>{bytes(receivedBytes)}</strong> received, against <strong>{bytes(snapshotBytes)}</strong> had each
          change been the whole state
          {share > 0 && share < 1 && `: ${saving(share)} less`}
        </p>
        <meter min={0} max={1} value={Math.min(1, share)} aria-label="Received, as a part of whole states" />
      </div>
      {status.error !== undefined && <p class="problem">{`${status.error.code}: ${status.error.message}`}</p>}
    </>
  );
}

function Item({ term, value, note }: { term: string; value: string; note: string }): JSX.Element {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
      <dd class="note">{note}</dd>
    </div>
  );
}

/** Event IDs are opaque to applications; a developer tool may read them. */
function positionOf(eventId: string | undefined): { epoch: string; seq: string; selection: string | undefined } {
  const [epoch, seq, selection] = eventId?.split(".") ?? [];
  if (epoch === undefined || seq === undefined) return { epoch: "none", seq: "none", selection: undefined };
  return { epoch, seq: Number.parseInt(seq, 36).toLocaleString("en"), selection };
}

function saving(share: number): string {
  return `${((1 - share) * 100).toFixed(share < 0.01 ? 1 : 0)} %`;
}
