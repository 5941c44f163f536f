import { createRedisBackplane, type Backplane, type OwnStateWriter } from "@statestream/redis";
import type { Log } from "./log.ts";
import { monotonicMs } from "./monotonic.ts";
import { redisAt } from "./redis-link.ts";
import { backplaneSettings } from "./settings.ts";

// Operations that must take effect once: each node updates one stream, sends commands to the leader of another one, and every two
// seconds all nodes create the same stream. The states list the last operations of each process.

/** How an operation is made. */
export type OnceKind = "update" | "send" | "create";

/** The last operations of each process that took effect. */
export type OnceState = Record<string, readonly number[]>;

/** How many operations of a process are listed. */
export const LISTED = 100;

const TIMEOUT_MS = 3000;
const PAUSE_MS = 100;

/** How often a stream is created, in milliseconds, and how many of them are kept in view. */
const CREATE_MS = 2000;
const CREATED = 90;

interface Command {
  readonly by: string;
  readonly n: number;
}

/** A backplane of its own, so that the checker does not take its requests for those of the stream that everybody follows. */
export function onceBackplane(redisPort: number, log: Log): Backplane {
  return createRedisBackplane({
    ...backplaneSettings,
    prefix: "chaos-once",
    redis: redisAt(redisPort),
    onError: (error) => log.write({ kind: "writer-error", error: String(error) }),
  });
}

/** A writer that handles the commands while it leads. */
export function handleCommands(backplane: Backplane): void {
  const writer: OwnStateWriter<OnceState> = backplane.writer<OnceState>("send", {
    initialState: {},
    onCommand(command) {
      const { by, n } = command as Command;
      writer.set(by, listed(writer.state[by], n));
    },
  });
}

/** The numbers of the last streams that were created since then, by all nodes. */
function createdSince(from: number): number[] {
  const [first, last] = [Math.ceil(from / CREATE_MS), Math.floor(monotonicMs() / CREATE_MS)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n).slice(-CREATED);
}

function listed(before: readonly number[] | undefined, n: number): readonly number[] {
  return [...(before ?? []), n].slice(-LISTED);
}

/** Makes operations, each again with the same id until it is acknowledged. */
export class OnceLoad {
  readonly #backplane: Backplane;
  readonly #log: Log;
  readonly #by: string;
  readonly #stopped = new AbortController();

  constructor(backplane: Backplane, log: Log, name: string) {
    this.#backplane = backplane;
    this.#log = log;
    this.#by = `${name}.${process.pid}`;
    for (const kind of ["update", "send"] as const) {
      void this.#follow(kind);
      void this.#work(kind);
    }
    void this.#create();
  }

  /** Begins no further operation. */
  stop(): void {
    this.#stopped.abort();
  }

  /** What this node serves. */
  states(): Partial<Record<OnceKind, OnceState>> {
    const { streams } = this.#backplane;
    return { update: streams.get<OnceState>("update").state, send: streams.get<OnceState>("send").state };
  }

  /** Which processes have an operation in each stream that was created since then, by the monotonic clock. */
  async created(from: number): Promise<OnceState> {
    const all: Record<string, number[]> = {};
    for (const n of createdSince(from)) {
      let state: OnceState = {};
      const look = (current: OnceState): OnceState => (state = current);
      await this.#backplane.update<OnceState>(`create-${n}`, {}, look, { timeoutMs: TIMEOUT_MS });
      for (const [by, list] of Object.entries(state)) (all[by] ??= []).push(...list);
    }
    return all;
  }

  /** Connects to every stream that was created since then, at once. Resolves with how many there are, and how many have a state in time. */
  async join(from: number, withinMs: number): Promise<{ all: number; joined: number }> {
    // The last one may not be there yet.
    const streams = createdSince(from)
      .slice(0, -1)
      .map((n) => this.#backplane.streams.get<OnceState>(`create-${n}`));
    const connections = streams.map((stream) => stream.connect());
    const joined = (): number => streams.filter(({ state }) => Object.keys(state).length > 0).length;
    for (const until = monotonicMs() + withinMs; joined() < streams.length && monotonicMs() < until;)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const result = { all: streams.length, joined: joined() };
    for (const connection of connections) connection.close();
    return result;
  }

  /** Keeps this node's copy of the stream, as a client does. */
  async #follow(kind: OnceKind): Promise<void> {
    for (;;) {
      for await (const _ of this.#backplane.streams.get(kind).connect());
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #work(kind: "update" | "send"): Promise<void> {
    for (let n = 1; !this.#stopped.signal.aborted; n++) {
      await this.#once(kind, n);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** All nodes are on time by the same clock, so that they begin together. */
  async #create(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const n = Math.floor(monotonicMs() / CREATE_MS) + 1;
      await new Promise((resolve) => setTimeout(resolve, n * CREATE_MS - monotonicMs()));
      await this.#once("create", n);
    }
  }

  async #once(kind: OnceKind, n: number): Promise<void> {
    while (!(await this.#perform(kind, n))) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    this.#log.write({ kind: "operation-done", what: kind, by: this.#by, n });
  }

  async #perform(kind: OnceKind, n: number): Promise<boolean> {
    const by = this.#by;
    const options = { id: `${by}.${n}`, timeoutMs: TIMEOUT_MS };
    try {
      if (kind === "send") await this.#backplane.send(kind, { by, n } satisfies Command, options);
      else {
        const change = (state: OnceState): OnceState => ({ ...state, [by]: listed(state[by], n) });
        await this.#backplane.update<OnceState>(kind === "create" ? `create-${n}` : kind, {}, change, options);
      }
      return true;
    } catch (error) {
      if ((error as { code?: string }).code !== "timeout") throw error;
      return false;
    }
  }
}
