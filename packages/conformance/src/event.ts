import type { HeartbeatEvent, StateEndEvent, StateEvent, StateInitialEvent, StateUpdateEvent } from "@statestream/core";
import type { Report } from "./rules.ts";

/** An event as it was received. */
export interface Received {
  readonly event: StateEvent["type"];
  /** Empty where there was none. */
  readonly id: string;
  readonly data: StateEvent;
  /** Which chunk of the body it ended in, the one with the retry line being 0. */
  readonly chunk: number;
}

type Check = (value: unknown) => boolean;

const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const text: Check = (value) => typeof value === "string";
const yes: Check = (value) => value === true;
const json: Check = () => true;
const record: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const among =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);
const cause: Check = (value) =>
  record(value) &&
  text((value as { type?: unknown }).type) &&
  Object.entries(value as object).every(
    ([name, member]) => name === "type" || name === "payload" || (name === "id" && /string|number/.test(typeof member)),
  );

interface Shape {
  readonly needs: Readonly<Record<string, Check>>;
  readonly may: Readonly<Record<string, Check>>;
}

const SHAPES: Readonly<Record<StateEvent["type"], Shape>> = {
  "state.initial": {
    needs: {
      type: text,
      slices: record,
      reason: among("connect", "trimmed", "epoch", "selection", "slow", "invalid-id", "repaired"),
      seq: count,
      heartbeatMs: count,
      timestamp: count,
    },
    may: { ops: (value) => Array.isArray(value) && value.length === 1 && value[0] === "append" },
  },
  "state.update": {
    needs: { type: text, slice: text, seq: count, base: count, timestamp: count },
    may: { patches: Array.isArray, value: json, removed: yes, cause, more: yes },
  },
  heartbeat: {
    needs: { type: text, seq: count, head: count, heartbeatMs: count, timestamp: count },
    may: { stale: yes },
  },
  "state.end": {
    needs: {
      type: text,
      reason: among("closed", "draining", "expired", "revoked", "max-age", "overloaded", "unavailable"),
      retry: (value) => typeof value === "boolean",
      timestamp: count,
    },
    may: {},
  },
};

/** Reads one event from the text between two blank lines; `undefined` where it is not an event, which is reported. */
export function parseEvent(frame: string, chunk: number, first: boolean, report: Report): Received | undefined {
  const lines = /^event: ([^\n]*)\ndata: ([^\n]*)(?:\nid: ([^\n]*))?$/.exec(frame);
  if (lines === null) {
    report("lines", `an event must be the lines event, data, id: ${quote(frame)}`);
    return undefined;
  }
  const [, event = "", data = "", id] = lines;
  if (!isName(event)) {
    report("names", `there is no event ${JSON.stringify(event)}`);
    return undefined;
  }
  if (id === undefined && !(first && event === "state.end")) {
    report("lines", `only a state.end that comes first has no id: ${quote(frame)}`);
  }
  const parsed = parse(data);
  const fault = faultOf(event, parsed);
  if (fault !== undefined) {
    report("members", `${fault}: ${quote(data)}`);
    return undefined;
  }
  return { event, id: id ?? "", data: parsed as StateEvent, chunk };
}

function isName(event: string): event is StateEvent["type"] {
  return Object.hasOwn(SHAPES, event);
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function faultOf(event: StateEvent["type"], parsed: unknown): string | undefined {
  if (!record(parsed)) return "the data is no JSON object";
  const data = parsed as Readonly<Record<string, unknown>>;
  const { needs, may } = SHAPES[event];
  if (data["type"] !== event) return `the type must be ${event}`;
  for (const [name, check] of Object.entries(needs)) {
    if (!Object.hasOwn(data, name) || !check(data[name])) return `${event} needs a right ${name}`;
  }
  for (const [name, value] of Object.entries(data)) {
    if (Object.hasOwn(needs, name)) continue;
    if (!Object.hasOwn(may, name) || !may[name]?.(value)) return `${event} may not have this ${name}`;
  }
  const kinds = ["patches", "value", "removed"].filter((name) => Object.hasOwn(data, name));
  if (event === "state.update" && kinds.length !== 1) return "an update has one of patches, value and removed";
  return undefined;
}

export function quote(content: string): string {
  return JSON.stringify(content.length > 300 ? `${content.slice(0, 300)}...` : content);
}

export function isInitial(event: Received): event is Received & { readonly data: StateInitialEvent } {
  return event.event === "state.initial";
}

export function isUpdate(event: Received): event is Received & { readonly data: StateUpdateEvent } {
  return event.event === "state.update";
}

export function isHeartbeat(event: Received): event is Received & { readonly data: HeartbeatEvent } {
  return event.event === "heartbeat";
}

export function isEnd(event: Received): event is Received & { readonly data: StateEndEvent } {
  return event.event === "state.end";
}
