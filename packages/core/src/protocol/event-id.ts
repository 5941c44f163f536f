import { BASE64URL } from "../support/clock.ts";

/** A position as a client carries it: `<epoch>.<seq>`, then `.<selection>`, then `.-`. PROTOCOL.md, "Event IDs". */
export interface EventId {
  readonly epoch: string;
  readonly seq: number;
  readonly selection: string | undefined;
  /** It is of an event in the middle of a commit with net events, and names no state: nobody can resume from it. */
  readonly isOpen: boolean;
}

/** The selection's part of an event ID, with its dot; empty when nothing narrows the connection. */
export function selectionSuffix(names: readonly string[] | undefined): string {
  return names === undefined ? "" : `.${hashOf(JSON.stringify(names))}`;
}

/** The event ID of a position; `suffix` is the selection's part, "" for none. */
export function formatEventId(epoch: string, seq: number, suffix: string): string {
  return `${epoch}.${seq.toString(36)}${suffix}`;
}

/** The event ID of an event whose position names no state, since parts of what led there follow. */
export function formatOpenId(epoch: string, seq: number, suffix: string): string {
  return `${epoch}.${seq.toString(36)}${suffix || "."}.-`;
}

const EPOCH = /^[\w-]{11}$/;

export function isEpoch(epoch: unknown): epoch is string {
  return typeof epoch === "string" && EPOCH.test(epoch);
}

/** Whether it can be the seq of an event, or 0, which is before the first. */
export function isSeq(seq: unknown): seq is number {
  return Number.isSafeInteger(seq) && (seq as number) >= 0;
}

const GRAMMAR = /^([\w-]{11})\.(0|[1-9a-z][\da-z]{0,10})(?:\.(?=.)([\w-]{8})?(\.-)?)?$/;

/** `undefined` for anything that is not an event ID; it comes from a client, so it is never an error. */
export function parseEventId(text: string): EventId | undefined {
  const match = GRAMMAR.exec(text);
  if (match === null) return undefined;
  const [, epoch = "", digits = "", selection, mark] = match;
  const seq = Number.parseInt(digits, 36);
  return Number.isSafeInteger(seq) ? { epoch, seq, selection, isOpen: mark !== undefined } : undefined;
}

/**
 * 48 bits as 8 base64url characters: two lanes of FNV-1a with different seeds, mixed at the end. It guards against
 * mistakes, not against forgery: what a connection sees is decided by its selection, never by its id.
 */
function hashOf(text: string): string {
  let high = 0x811c9dc5;
  let low = 0x9747b28c;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x85ebca6b) ^ (low >>> 13);
  }
  high = Math.imul(high ^ (low >>> 15), 0x2c1b3c6d);
  low = Math.imul(low ^ (high >>> 13), 0x297a2d39);
  let hash = "";
  for (const lane of [high, low]) {
    for (let shift = 0; shift < 24; shift += 6) hash += BASE64URL[(lane >>> shift) & 63];
  }
  return hash;
}
