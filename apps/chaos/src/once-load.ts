import { createRedisBackplane, type Backplane, type OwnStateWriter } from "@statestream/redis";
import type { Log } from "./log.ts";
import { redisAt } from "./redis-link.ts";
import { backplaneSettings } from "./settings.ts";

// Operations that must take effect once: each node updates one stream, and sends commands to the leader of another one. The state
// lists the last operations of each process.

/** How an operation is made. */
export type OnceKind = "update" | "send";

/** The last operations of each process that took effect. */
export type OnceState = Record<string, readonly number[]>;

/** How many operations of a process are listed. */
export const LISTED = 100;

const TIMEOUT_MS = 3000;
const PAUSE_MS = 100;

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
  }

  /** Begins no further operation. */
  stop(): void {
    this.#stopped.abort();
  }

  /** What this node serves. */
  states(): Record<OnceKind, OnceState> {
    const { streams } = this.#backplane;
    return { update: streams.get<OnceState>("update").state, send: streams.get<OnceState>("send").state };
  }

  /** Keeps this node's copy of the stream, as a client does. */
  async #follow(kind: OnceKind): Promise<void> {
    for (;;) {
      for await (const _ of this.#backplane.streams.get(kind).connect());
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #work(kind: OnceKind): Promise<void> {
    for (let n = 1; !this.#stopped.signal.aborted; n++) {
      while (!(await this.#perform(kind, n))) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      this.#log.write({ kind: "operation-done", what: kind, by: this.#by, n });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #perform(kind: OnceKind, n: number): Promise<boolean> {
    const by = this.#by;
    const options = { id: `${by}.${n}`, timeoutMs: TIMEOUT_MS };
    try {
      if (kind === "send") await this.#backplane.send(kind, { by, n } satisfies Command, options);
      else {
        const change = (state: OnceState): OnceState => ({ ...state, [by]: listed(state[by], n) });
        await this.#backplane.update<OnceState>(kind, {}, change, options);
      }
      return true;
    } catch (error) {
      if ((error as { code?: string }).code !== "timeout") throw error;
      return false;
    }
  }
}
