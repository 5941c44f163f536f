import type { Json, Operation } from "../json/types.ts";

/**
 * Why a slice changed: the action, command or event behind it. Clients see `type` and `id` only, unless the stream's
 * option `cause` decides otherwise, since payloads carry secrets.
 */
export interface Cause {
  readonly type: string;
  readonly id?: string | number;
  readonly payload?: unknown;
}

/**
 * Why a client was given a snapshot: it came without an id (`connect`); the log cannot give what it missed, or that
 * costs more than a snapshot (`trimmed`); its position is not of this log (`epoch`); its id was for other slices
 * (`selection`); states were coalesced while its writer waited (`slow`); its id was malformed (`invalid-id`); the server
 * healed itself (`repaired`). PROTOCOL.md, "Snapshots".
 */
export type SnapshotReason = "connect" | "trimmed" | "epoch" | "selection" | "slow" | "invalid-id" | "repaired";

/** Why the server ends a connection. PROTOCOL.md, "The end". */
export type EndReason = "closed" | "draining" | "expired" | "revoked" | "max-age" | "overloaded" | "unavailable";

/** Replaces the client's whole state. */
export interface StateInitialEvent {
  readonly type: "state.initial";
  readonly slices: Readonly<Record<string, Json>>;
  readonly reason: SnapshotReason;
  readonly seq: number;
  readonly heartbeatMs: number;
  /** The operations beyond RFC 6902 that updates of this connection may carry; absent where there are none. */
  readonly ops?: readonly "append"[];
  /** The last positions of earlier epochs, as event IDs: the state contains everything up to them. Absent where there are none. */
  readonly ended?: readonly string[];
  readonly timestamp: number;
}

/** One change of one slice: exactly one of `patches`, `value` and `removed` is there. */
export interface StateUpdateEvent {
  readonly type: "state.update";
  readonly slice: string;
  readonly seq: number;
  /** The seq of this slice's previous event, 0 when there was none. */
  readonly base: number;
  readonly patches?: readonly Operation[];
  readonly value?: Json;
  readonly removed?: true;
  readonly cause?: Cause;
  /** More events of the same commit follow for this connection. */
  readonly more?: true;
  /** The last positions of epochs that ended before it and that no event named, as event IDs. */
  readonly ended?: readonly string[];
  readonly timestamp: number;
}

/** Says that the connection lives, where it is (`seq`) and the seq of the last event selected so far (`head`). */
export interface HeartbeatEvent {
  readonly type: "heartbeat";
  readonly seq: number;
  readonly head: number;
  readonly heartbeatMs: number;
  /** As in an update. */
  readonly ended?: readonly string[];
  readonly timestamp: number;
  readonly stale?: true;
}

/** The last event of a connection that the server ends. */
export interface StateEndEvent {
  readonly type: "state.end";
  readonly reason: EndReason;
  /** Whether the client may come back. */
  readonly retry: boolean;
  readonly timestamp: number;
}

/** What a client receives; `type` is the name of the Server-Sent Event too. */
export type StateEvent = StateInitialEvent | StateUpdateEvent | HeartbeatEvent | StateEndEvent;
