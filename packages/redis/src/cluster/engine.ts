import type { Commit, Position } from "@statestream/core/backplane";

export type { Commit, Position } from "@statestream/core/backplane";

/** The whole state at a position; `body` is opaque to the engine. */
export interface Checkpoint {
  readonly position: Position;
  readonly body: string;
}

/** `head`: a stream was installed or its lease released, so the head may have changed. */
export type Message = { readonly kind: "entry"; readonly entry: Commit } | { readonly kind: "head" };

/** The answer to a command, stored with the changes that the command made. */
export interface Answer {
  readonly id: string;
  /** Opaque to the engine. */
  readonly text: string;
}

export interface PublishRequest {
  readonly owner: string;
  /** Stored together with the entries, or not at all. */
  readonly answers: readonly Answer[];
  /** How long answers are kept, in milliseconds. */
  readonly answerMs: number;
  readonly entries: readonly Commit[];
  /** Replaces the stored one, if its position is the head once the entries are appended; otherwise it is ignored. */
  readonly checkpoint: Checkpoint | undefined;
  /** Entries whose last seq is below this may be trimmed, if the checkpoint includes them. */
  readonly keepFrom: number;
  readonly leaseMs: number;
  /** Also postpones the expiry, and says whether the stream is `broken`. Due as often as a renewal of the lease. */
  readonly check: boolean;
}

export type PublishReply =
  /**
   * Appended, now or earlier. `broken`, if that was checked: the checkpoint or a part of the log is missing; the stream must be
   * installed again.
   */
  | { readonly status: "ok"; readonly head: Position; readonly broken: boolean }
  /** The engine has nothing of this stream. */
  | { readonly status: "empty" }
  /** Another writer holds the lease, or none does. */
  | { readonly status: "fenced"; readonly head: Position }
  /** The engine's head is below `first - 1`: it was rolled back. */
  | { readonly status: "behind"; readonly head: Position }
  /** The log cannot be continued; the stream must be installed again. */
  | { readonly status: "broken"; readonly head: Position }
  /** The engine has other content at or before these entries. */
  | { readonly status: "conflict"; readonly head: Position };

export type ReadReply =
  /** The engine has nothing of this stream. */
  | { readonly status: "empty" }
  /** The checkpoint or a part of the log is missing: the state cannot be read. */
  | { readonly status: "broken"; readonly head: Position }
  /** The caller's position is ahead of the engine. */
  | { readonly status: "ahead"; readonly head: Position }
  /** All entries after the caller's position; none when that is the head. */
  | { readonly status: "tail"; readonly head: Position; readonly entries: readonly Commit[] }
  /** The whole state, and every entry of the log, including those before the checkpoint. */
  | {
      readonly status: "snapshot";
      readonly head: Position;
      readonly checkpoint: Checkpoint;
      readonly entries: readonly Commit[];
    };

export type AcquireReply =
  | { readonly status: "ok"; readonly head: Position; readonly broken: boolean }
  /** The engine has nothing of this stream, so there is no lease. */
  | { readonly status: "empty" }
  | { readonly status: "held"; readonly remainingMs: number };

export interface AppendRequest {
  /** Identifies this write: the engine appends it once, however often it is sent. */
  readonly id: string;
  /** How long the engine remembers the ID, in milliseconds. */
  readonly idMs: number;
  /** If it reaches the engine later than in so many milliseconds, it is not appended. */
  readonly withinMs: number;
  readonly commit: Commit;
}

export type AppendReply =
  /** Appended. `due`: the log has grown so much that a checkpoint is due. */
  | { readonly status: "ok"; readonly due: boolean }
  /** A write with this ID was appended before, and ended at this position. */
  | { readonly status: "done"; readonly position: Position }
  /** It came too late, and was not appended. */
  | { readonly status: "late" }
  /** The engine has nothing of this stream. */
  | { readonly status: "empty" }
  /** The log cannot be continued; the stream must be installed again. */
  | { readonly status: "broken" }
  /** A writer holds the lease. */
  | { readonly status: "held"; readonly remainingMs: number }
  /** The head is not the position that the commit builds on. */
  | { readonly status: "conflict"; readonly head: Position };

export interface InstallRequest {
  /** Empty: no writer gets the lease, so that any node may append. */
  readonly owner: string;
  readonly checkpoint: Checkpoint;
  /** The log, which ends at the checkpoint. */
  readonly entries: readonly Commit[];
  readonly leaseMs: number;
  /** Also replaces an existing stream, if the owner holds its lease. */
  readonly force: boolean;
}

export type InstallReply = { readonly status: "ok" } | { readonly status: "exists" } | { readonly status: "fenced" };

/** The head of a stream that exists. `unknown`: the server of this stream does not answer. */
export type Head = Position | "unknown" | undefined;

/**
 * `up`: commands work and messages arrive again; messages may have been missed. `down`: they do not. `affects`: which streams that is
 * true for; for all where it is absent.
 */
export type EngineListener = (change: "up" | "down", affects?: (key: string) => boolean) => void;

/**
 * What connects the nodes: for each stream a head, a log of recent entries, a checkpoint, a lease and a channel. It may lose any of these
 * at any time. A rejected promise means that the outcome is unknown; every call may be repeated unchanged.
 */
export interface Engine {
  /**
   * Appends the entries that are not there yet, and sends all of them on the channel, those that were there too. If one entry conflicts,
   * those before it stay.
   */
  publish(key: string, request: PublishRequest): Promise<PublishReply>;
  read(key: string, have: Position | undefined): Promise<ReadReply>;
  /** Appends one commit if the head is where it builds on and nobody holds the lease, and sends it on the channel. */
  append(key: string, request: AppendRequest): Promise<AppendReply>;
  /**
   * Replaces the checkpoint if this one is newer and its position is in the log. Then trims the log up to the checkpoint before, which
   * bounds the log by about two checkpoints.
   */
  putCheckpoint(key: string, checkpoint: Checkpoint): Promise<void>;
  /** The text of a command's answer, if its changes are in the stream. */
  answerOf(key: string, id: string): Promise<string | undefined>;
  /**
   * Sends a text to all listeners of this box of a stream or a node. Resolves with how many there are; 0 also where the text reaches
   * the engine later than in `withinMs`, and is dropped.
   */
  post(key: string, box: string, text: string, withinMs: number): Promise<number>;
  /** Resolves when the engine has confirmed it. */
  listen(key: string, box: string, listener: (text: string) => void): Promise<void>;
  unlisten(key: string, box: string): Promise<void>;
  /** Installs a stream where there is none, takes its lease, and sends `head`. */
  install(key: string, request: InstallRequest): Promise<InstallReply>;
  /** Takes the lease or renews it. It ends after at most `leaseMs` even if the engine's clock was set back. */
  acquire(key: string, owner: string, leaseMs: number): Promise<AcquireReply>;
  /** Releases the lease, if the owner holds it, and sends `head`. */
  release(key: string, owner: string): Promise<void>;
  /**
   * How many replicas have the stream up to this position. Waits until there are `wanted`, for at most `withinMs`. `undefined` where the
   * engine does not have the position, or its server was replaced meanwhile.
   */
  replicas(key: string, position: Position, wanted: number, withinMs: number): Promise<number | undefined>;
  heads(keys: readonly string[]): Promise<Head[]>;
  /** Resolves when the engine has confirmed it. One subscription per key. */
  subscribe(key: string, listener: (message: Message) => void): Promise<void>;
  unsubscribe(key: string): Promise<void>;
  /** Since when commands or messages of some streams do not arrive, in milliseconds since 1970; `undefined` while they do. */
  readonly downSince: number | undefined;
  onChange(listener: EngineListener): () => void;
  close(): Promise<void>;
}
