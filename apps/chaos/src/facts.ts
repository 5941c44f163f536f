import type { Commit as Entry, Position } from "@statestream/core/backplane";
import type { OnceKind, OnceState } from "./once-load.ts";
import type { FaultName } from "./schedule.ts";

export type { Commit as Entry, Position } from "@statestream/core/backplane";

export interface Checkpoint {
  readonly position: Position;
  readonly body: string;
}

/** What a writer asks of Redis; written down before it is sent. `call` finds its reply. */
export type Request =
  | {
      readonly kind: "publish";
      readonly call: number;
      readonly owner: string;
      readonly entries: readonly Entry[];
      readonly checkpoint?: Checkpoint | undefined;
    }
  | {
      readonly kind: "install";
      readonly call: number;
      readonly owner: string;
      readonly entries: readonly Entry[];
      readonly checkpoint: Checkpoint;
    }
  | { readonly kind: "acquire"; readonly call: number; readonly owner: string }
  | { readonly kind: "release"; readonly call: number; readonly owner: string };

/** What a writer's process writes down. */
type WriterFact =
  | Request
  /** `status` is undefined where the outcome is unknown. */
  | { readonly kind: "reply"; readonly call: number; readonly status: string | undefined; readonly error?: string }
  /** The application's own idea of the state after its n-th operation, before the library had a say. */
  | { readonly kind: "operation"; readonly by: string; readonly n: number; readonly hash: string }
  | { readonly kind: "leads"; readonly leads: boolean }
  /** `onLost`: changes made here are not in the stream; `vanished`: those that Redis had acknowledged may be missing too. */
  | { readonly kind: "lost"; readonly commits: number; readonly vanished: boolean }
  | { readonly kind: "writer-error"; readonly error: string };

/** What a node writes down of the operations that it makes: one was acknowledged. */
interface OperationFact {
  readonly kind: "operation-done";
  readonly what: OnceKind;
  readonly by: string;
  readonly n: number;
}

/** What the clients write down. */
export type ClientFact =
  | {
      readonly kind: "open";
      readonly client: string;
      readonly connection: number;
      readonly node: string;
      readonly from: string | undefined;
    }
  | {
      readonly kind: "event";
      readonly client: string;
      readonly connection: number;
      readonly node: string;
      readonly type: string;
      readonly id: string | undefined;
      readonly reason?: string | undefined;
      readonly stale?: true | undefined;
      readonly hash: string | undefined;
    }
  /** `misfit`: the client could not apply an event to its state, which must never happen. */
  | {
      readonly kind: "ended";
      readonly client: string;
      readonly connection: number;
      readonly why: string;
      readonly misfit: boolean;
    }
  /** It has stopped for good. */
  | { readonly kind: "gave-up"; readonly client: string; readonly why: string };

/** What the rig itself writes down. */
type RigFact =
  | {
      readonly kind: "started";
      readonly seed: number;
      readonly seconds: number;
      readonly clients: number;
      readonly heartbeatMs: number;
    }
  | { readonly kind: "fault"; readonly n: number; readonly fault: FaultName; readonly targets: readonly string[] }
  | { readonly kind: "healed"; readonly n: number }
  /** Redis holds an older state, or none, from now on; `head` is what it holds. */
  | { readonly kind: "rolled-back"; readonly how: string; readonly head: Position | undefined }
  /** A process was killed, stopped or continued. */
  | {
      readonly kind: "process";
      readonly name: string;
      readonly what: "started" | "killed" | "stopped" | "continued" | "exited";
    }
  | {
      readonly kind: "sample";
      readonly node: string;
      readonly eventId: string | undefined;
      readonly hash: string | undefined;
      readonly rss: number;
      readonly connections: number;
    }
  /** The operations that a node says took effect; `final`: when nothing happens any more; `survives`: in the primary that survives. */
  | {
      readonly kind: "operations";
      readonly node: string;
      readonly final: boolean;
      readonly survives?: true;
      readonly states: Readonly<Partial<Record<OnceKind, OnceState>>>;
    }
  /** A node has connected to so many streams at once. */
  | { readonly kind: "joined"; readonly node: string; readonly all: number; readonly joined: number }
  /** A process was so busy that its own timer came late: the rig's, or that of the clients. */
  | { readonly kind: "lag"; readonly ms: number }
  /** The nemesis has stopped. */
  | { readonly kind: "quiet" }
  /** The writers have stopped; from here on everybody has `CONVERGENCE_MS`. */
  | { readonly kind: "idle" }
  | {
      readonly kind: "engine";
      readonly head: Position;
      readonly entries: readonly Entry[];
      readonly checkpoint: Checkpoint | undefined;
      readonly channels: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: "final";
      readonly what: "node" | "client";
      readonly name: string;
      readonly eventId: string | undefined;
      readonly hash: string | undefined;
      readonly afterMs: number | undefined;
    };

/** Everything the checker knows comes from these. */
export type Fact = WriterFact | OperationFact | ClientFact | RigFact;
