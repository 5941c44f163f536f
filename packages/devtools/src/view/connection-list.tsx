import type { JSX } from "preact";
import { bytes, clock, count, seconds } from "./format.ts";
import type { Beginning, ConnectionRecord } from "../model/connections.ts";

/** How the last connections began, which shows what reconnecting costs. */
export function ConnectionList({ records }: { records: readonly ConnectionRecord[] }): JSX.Element {
  return (
    <ol class="connections" tabIndex={0} aria-label="Connections, newest first">
      {records.map(({ key, at, by, began, afterMs, coalesced, skipped }) => (
        <li key={key} data-began={began.how}>
          <time>{clock(at)}</time> <span class="by">{by ?? ""}</span>{" "}
          <span>{`${describe(began)}${afterMs === undefined ? "" : ` after ${seconds(afterMs)}`}`}</span>
          {coalesced > 0 && (
            <span class="coalesced">{`${count(coalesced, "snapshot")} in place of ${count(skipped, "event")}`}</span>
          )}
        </li>
      ))}
    </ol>
  );
}

function describe(began: Beginning): string {
  switch (began.how) {
    case "connecting":
      return "connecting";
    case "joined":
      return "live before the panel was opened";
    case "failed":
      return began.message;
    case "snapshot":
      return `snapshot (${began.reason}), ${bytes(began.size)}`;
    case "resumed":
      return `resumed with ${count(began.events, "event")}, ${bytes(began.size)}`;
  }
}
