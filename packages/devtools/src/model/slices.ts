import type { StateEvent } from "@statestream/core";

/** What happened to one slice since the panel was opened. */
export interface SliceFigures {
  readonly name: string;
  readonly isPresent: boolean;
  readonly changes: number;
  /** Of the data of its changes. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number | undefined;
  /** What the last change touched. */
  readonly touched: string;
}

/** A server may make up slices without end: the panel follows so many. */
const MAX_SLICES = 200;
const MAX_PATHS = 3;

export interface Slices {
  take(event: StateEvent, bytes: number): void;
  /** In the order of the state, those that are gone last. */
  read(state: object | undefined): readonly SliceFigures[];
}

export function createSliceFigures(): Slices {
  const figures = new Map<string, Omit<SliceFigures, "isPresent" | "name">>();
  return {
    take(event, bytes) {
      if (event.type !== "state.update") return;
      const before = figures.get(event.slice);
      if (before === undefined && figures.size >= MAX_SLICES) return;
      figures.set(event.slice, {
        changes: (before?.changes ?? 0) + 1,
        bytes: (before?.bytes ?? 0) + bytes,
        changedAt: event.timestamp,
        touched: touchedBy(event),
      });
    },
    read(state) {
      const present = Object.keys(state ?? {}).slice(0, MAX_SLICES);
      const gone = [...figures.keys()].filter((name) => !present.includes(name));
      return [...present, ...gone].map((name) => ({
        name,
        isPresent: present.includes(name),
        ...(figures.get(name) ?? { changes: 0, bytes: 0, changedAt: undefined, touched: "" }),
      }));
    },
  };
}

function touchedBy(event: Extract<StateEvent, { type: "state.update" }>): string {
  if (event.removed === true) return "removed";
  if (event.patches === undefined) return "the whole value";
  const paths = [...new Set(event.patches.map(({ op, path }) => `${op} ${path || "(the slice)"}`))];
  const more = paths.length - MAX_PATHS;
  return paths.slice(0, MAX_PATHS).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
