import type { DeepReadonly } from "@statestream/client";
import type { Json, Operation, StateUpdateEvent } from "@statestream/core";

export interface Style {
  readonly dim: (text: string) => string;
  readonly name: (text: string) => string;
  readonly added: (text: string) => string;
  readonly removed: (text: string) => string;
  readonly changed: (text: string) => string;
}

const paint =
  (code: number) =>
  (text: string): string =>
    `\x1b[${code}m${text}\x1b[0m`;

export const COLOURS: Style = {
  dim: paint(2),
  name: paint(36),
  added: paint(32),
  removed: paint(31),
  changed: paint(33),
};

const same = (text: string): string => text;
export const PLAIN: Style = { dim: same, name: same, added: same, removed: same, changed: same };

/** A value on one line, cut where the terminal is too narrow. */
export function inline(value: DeepReadonly<Json> | undefined, width: number): string {
  const text = printable(JSON.stringify(value) ?? "");
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/**
 * What a terminal shows of a text, never what it obeys: JSON leaves DEL, the C1 controls and the marks that turn the
 * direction of text unescaped, and names of slices are not JSON.
 */
export function printable(text: string): string {
  return text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- they are what must not reach the terminal
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export function clockTime(timestamp: number): string {
  const date = new Date(timestamp);
  const two = (n: number): string => String(n).padStart(2, "0");
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** The cause of an update, as far as the server shows it. */
export function causeOf({ cause }: StateUpdateEvent): string | undefined {
  if (cause === undefined) return undefined;
  return printable(cause.id === undefined ? cause.type : `${cause.type} ${cause.id}`);
}

/** One line for each operation of an update. */
export function operationLines(update: StateUpdateEvent, style: Style, width: number): string[] {
  if (update.removed === true) return [style.removed("removed")];
  if (update.value !== undefined) return [`${style.changed("value")} ${inline(update.value, width - 6)}`];
  return (update.patches ?? []).map((operation) => operationLine(operation, style, width));
}

const COLOUR_OF: Readonly<Record<string, "added" | "removed" | "changed">> = {
  add: "added",
  append: "added",
  copy: "added",
  remove: "removed",
};

function operationLine(operation: Operation, style: Style, width: number): string {
  const { op, path, from, value } = operation as { op: string; path: string; from?: string; value?: Json };
  const where = printable(from === undefined ? path : `${from} → ${path}`);
  const colour = style[COLOUR_OF[op] ?? "changed"];
  const what = value === undefined ? "" : ` ${inline(value, width - op.length - where.length - 2)}`;
  return `${colour(printable(op))} ${where}${what}`;
}
