import type { Cause, EndReason, Json, Operation, StateStream } from "@statestream/core";

export type State = Readonly<Record<string, Json>>;

/** The server a case needs: one stream, answering at one URL. JSON, so that it can be requested over HTTP. */
export interface Setup {
  /** The first state. */
  readonly state: State;
  /** `own`: the stream owns its state. `store`: it follows a store that reports only that something changed. Default `own`. */
  readonly source?: "own" | "store";
  /** Options of the stream, each as core names it; those that are functions as data. */
  readonly options?: {
    /** A list; or the name of the slice whose value is the list, looked up again on every change. */
    readonly slices?: readonly string[] | { readonly listedIn: string };
    /** `payload`: causes are sent whole. Default: `type` and `id`. */
    readonly cause?: "payload";
    readonly heartbeatMs?: number;
    readonly retryMs?: number;
    readonly maxLogEvents?: number;
    readonly maxLogBytes?: number;
    readonly maxStallMs?: number;
    readonly maxAgeMs?: number;
    readonly maxConnections?: number;
  };
  /** Options of the adapter. */
  readonly adapter?: {
    /** Narrows every connection. */
    readonly slices?: readonly string[];
    /** A client's authorization expires so long after the server was opened. */
    readonly expiresInMs?: number;
    /** Its option `revoked` is a signal, which `Server.revoke` aborts. */
    readonly revocable?: boolean;
  };
}

/** One change of one slice. */
export type Change =
  | { readonly op: "set"; readonly slice: string; readonly value: Json }
  | { readonly op: "patch"; readonly slice: string; readonly operations: readonly Operation[] }
  | { readonly op: "remove"; readonly slice: string }
  /** Changes a member of the slice's object in place, and reports that the slice changed. */
  | { readonly op: "mutate"; readonly slice: string; readonly member: string; readonly value: Json };

/** Changes that clients receive together. */
export interface Commit {
  readonly changes: readonly Change[];
  readonly cause?: Cause;
}

/** A commit in each turn of the server's event loop, each setting the slice to another `{ n, text }`. */
export interface Offer {
  readonly slice: string;
  /** Characters of `text`: the letter n mod 26 after "a", over and over. */
  readonly bytes: number;
  /** `n` counts from 1 up to this. */
  readonly times: number;
}

/** A server that was opened for one case. */
export interface Server {
  readonly url: string;
  /** Makes commits, all in one turn. */
  commit(...commits: readonly Commit[]): Promise<void>;
  /** Resolves when all have been made, whether clients take them or not. */
  offer(offer: Offer): Promise<void>;
  /** Closes the stream; resolves when every connection is closed. */
  close(ending?: { reason?: EndReason; retry?: boolean }): Promise<void>;
  /** Aborts the signal `revoked`. Only with `revocable`. */
  revoke(): Promise<void>;
  /** How many connections are open. */
  connections(): Promise<number>;
  dispose(): Promise<void>;
  /** For cases that need to be in the server's process. */
  readonly process: ServerProcess | undefined;
}

export interface ServerProcess {
  readonly stream: StateStream;
  /** Calls `listener` on each change of the store before the stream hears of it. Only with `source: "store"`. */
  readonly beforeStream: (listener: () => void) => void;
  /** Runs `fn` within a batch of commits. Only with `source: "own"`. */
  readonly batch: (fn: () => void) => void;
}

/** The implementation under test: opens servers. */
export interface Subject {
  /** Whether its servers run in this process. */
  readonly inProcess: boolean;
  open(setup: Setup): Promise<Server>;
}

export function set(slice: string, value: Json): Change {
  return { op: "set", slice, value };
}

/** A commit of one `set`. */
export function setting(slice: string, value: Json): Commit {
  return { changes: [set(slice, value)] };
}

/** The value of an offer's nth commit: all of it new, so that no patch is shorter. */
export function offered(bytes: number, n: number): { n: number; text: string } {
  return { n, text: String.fromCharCode(97 + (n % 26)).repeat(bytes) };
}
