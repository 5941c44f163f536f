import type { StateEvent } from "@statestream/core";

/** One attempt to connect, and how it began. */
export interface ConnectionRecord {
  readonly key: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Who answered, where that is known. */
  readonly by: string | undefined;
  /** How long after the connection before was lost it began, where that was lost. */
  readonly afterMs: number | undefined;
  readonly began: Beginning;
  /** Snapshots in the middle of it: the server skipped states because the page did not read. */
  readonly coalesced: number;
  /** How many events those snapshots stand for. */
  readonly skipped: number;
}

export type Beginning =
  | { readonly how: "connecting" }
  /** It was live before anything was recorded. */
  | { readonly how: "joined" }
  | { readonly how: "failed"; readonly message: string }
  | { readonly how: "snapshot"; readonly reason: string; readonly size: number }
  /** Went on where the one before ended, with that many events. */
  | { readonly how: "resumed"; readonly events: number; readonly size: number };

const MAX_RECORDS = 50;

export interface Connections {
  /** Newest first. */
  records(): readonly ConnectionRecord[];
  begin(): void;
  /** The client is live already. */
  join(): void;
  answered(by: string | undefined): void;
  take(event: StateEvent, size: number): void;
  /** The attempt failed, or the connection was lost. */
  failed(message: string): void;
}

export function createConnections(): Connections {
  let records: readonly ConnectionRecord[] = [];
  let count = 0;
  /** The seq of the last event. */
  let seq = 0;
  /** Where a resumed connection has caught up. */
  let target = 0;
  /** When the last connection was lost, until the next one has begun. */
  let lostAt: number | undefined;

  const change = (how: (record: ConnectionRecord) => Partial<ConnectionRecord>): void => {
    const [newest, ...others] = records;
    if (newest !== undefined) records = [{ ...newest, ...how(newest) }, ...others];
  };

  const add = (began: Beginning): void => {
    const record = { by: undefined, afterMs: undefined, coalesced: 0, skipped: 0, key: count++, at: Date.now(), began };
    records = [record, ...records].slice(0, MAX_RECORDS);
  };

  const start = (event: StateEvent, size: number): void => {
    if (event.type !== "state.initial" && event.type !== "heartbeat") return;
    const afterMs = lostAt === undefined ? undefined : Date.now() - lostAt;
    lostAt = undefined;
    if (event.type === "state.initial") {
      change(() => ({ afterMs, began: { how: "snapshot", reason: event.reason, size } }));
    } else {
      target = event.head;
      change(() => ({ afterMs, began: { how: "resumed", events: 0, size: 0 } }));
    }
  };

  const follow = (event: StateEvent, size: number, began: Beginning): void => {
    if (event.type === "state.initial") {
      change(({ coalesced, skipped }) => ({ coalesced: coalesced + 1, skipped: skipped + event.seq - seq }));
    } else if (event.type === "state.update" && began.how === "resumed" && event.seq <= target) {
      change(() => ({ began: { how: "resumed", events: began.events + 1, size: began.size + size } }));
    }
  };

  return {
    records: () => records,
    begin: () => add({ how: "connecting" }),
    join: () => add({ how: "joined" }),
    answered(by) {
      if (records[0]?.by !== by) change(() => ({ by }));
    },
    take(event, size) {
      const began = records[0]?.began;
      if (began === undefined) return;
      if (began.how === "connecting") start(event, size);
      else follow(event, size, began);
      if ("seq" in event) seq = event.seq;
      if (event.type === "state.end") lostAt ??= Date.now();
    },
    failed(message) {
      const began = records[0]?.began.how;
      if (began === "connecting") change(() => ({ began: { how: "failed", message } }));
      else if (began !== "failed") lostAt ??= Date.now();
    },
  };
}
