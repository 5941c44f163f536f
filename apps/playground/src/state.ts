import type { WritableStateStream } from "@statestream/core";

/** What clients follow, slice by slice. */
export interface PlaygroundState {
  board: BoardState;
  system: SystemState;
  transcript: TranscriptState;
  /** Only while a flood lasts. */
  flood?: FloodState;
}

export type PlaygroundStream = WritableStateStream<PlaygroundState>;

/** The part of the stream that code which changes the state uses. */
export type PlaygroundWriter = Pick<PlaygroundStream, "state" | "set" | "patch" | "append" | "remove">;

/** A task board: the tasks of each column, from top to bottom. */
export interface BoardState {
  todo: Task[];
  doing: Task[];
  done: Task[];
}

export type Column = keyof BoardState;

// A type rather than an interface, because operations carry it and an interface is no `Json`.
export type Task = { id: string; title: string };

/** This machine, this process and this stream. */
export interface SystemState {
  /** Processes that ran or waited to, on average over the last minute. */
  load1m: number;
  load5m: number;
  memoryUsedBytes: number;
  memoryTotalBytes: number;
  processRssBytes: number;
  /** The longest the event loop was late in the last second. */
  eventLoopDelayMs: number;
  openConnections: number;
  sentBytes: number;
  uptimeSeconds: number;
}

/** A text as it is being typed. */
export interface TranscriptState {
  title: string;
  /** How often the text was begun. */
  run: number;
  /** The text so far. */
  text: string;
}

/** Many large changes in a short time, to see what becomes of a reader that cannot keep up. */
interface FloodState {
  step: number;
  steps: number;
  text: string;
}
