import { type Cause, StateStreamError } from "@statestream/core";
import { type Clock, type Commit, formatEventId } from "@statestream/core/backplane";
import { checkpointAtHead } from "./checkpoints.ts";
import type { AppendReply, Engine, Position } from "./engine.ts";
import { failure } from "./failures.ts";
import type { Follower } from "./follower.ts";
import { isSame } from "./position.ts";
import type { LargeCalls } from "./large-calls.ts";
import { type Base, baseAt, ChangeFailed, checkpointOf, commitOn, type Update } from "./update-base.ts";

export interface UpdateOptions {
  /** Milliseconds until it rejects with `timeout`. Default 5,000. */
  timeoutMs?: number;
  /**
   * Identifies this update; take it from the request. Repeated with the same ID on any node within ten minutes, the update changes the
   * state once, and resolves with the same event ID. Default: random, which covers only retries inside this call.
   */
  id?: string;
  /** The cause of its events. */
  cause?: Cause;
}

/** How long an update's ID is remembered, in milliseconds. */
const ID_MS = 10 * 60_000;

/** How long an update waits for a lease to end before it reports that there is a leader, in milliseconds. */
const HELD_MS = 1500;

const MAX_PAUSE_MS = 500;

/** What the updates of this node need. */
export interface UpdatesHost {
  readonly engine: Engine;
  readonly largeCalls: LargeCalls;
  readonly clock: Clock;
  /** This node's copy of a stream, kept until `unpin`. */
  pin(key: string): Follower;
  unpin(key: string): void;
  report(error: StateStreamError): void;
}

/** Changes streams from any node: reads, changes, and appends unless another node was faster; then it reads again. */
export class Updates {
  readonly #host: UpdatesHost;
  /** The state after this node's own last commit, by its copy of the stream, so that the next update need not build it again. */
  readonly #bases = new WeakMap<Follower, Base>();
  /** Updates of one stream on one node run one after the other, since together they would only cause each other to retry. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(host: UpdatesHost) {
    this.#host = host;
  }

  async update<S extends object>(
    key: string,
    initialState: S,
    change: (state: Readonly<S>) => S,
    { timeoutMs = 5000, id = crypto.randomUUID(), cause }: UpdateOptions = {},
  ): Promise<string> {
    if (!(timeoutMs > 0)) throw invalid(`The option timeoutMs is ${String(timeoutMs)}; it must be above 0.`);
    if (typeof id !== "string" || id === "") throw invalid("The option id must be a text that is not empty.");
    if (typeof change !== "function") throw invalid("update takes a key, the initial state and a function.");
    const { clock } = this.#host;
    const deadline = clock.elapsed() + timeoutMs;
    const follower = this.#host.pin(key);
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(timeoutMs, () => reject(timedOut(key, undefined)), true);
    });
    try {
      // After the deadline nothing more is sent, and a call that is under way has no effect.
      const done = this.#inTurn(key, () => this.#run({ key, initialState, change, id, cause, deadline }, follower));
      return await Promise.race([done, late]);
    } finally {
      cancel?.();
      this.#host.unpin(key);
    }
  }

  async #inTurn<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(key);
    const turn = (before ?? Promise.resolve()).then(run, run);
    this.#queues.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(key) === turn) this.#queues.delete(key);
    }
  }

  async #run<S extends object>(update: Update<S>, follower: Follower): Promise<string> {
    const { clock } = this.#host;
    let heldSince: number | undefined;
    let lastError: unknown;
    for (let attempt = 0; clock.elapsed() < update.deadline; attempt++) {
      try {
        const base = await this.#base(update, follower, attempt > 0);
        if (base === undefined) continue;
        const commit = commitOn(base, update);
        if (commit === undefined) return idOf(base.position);
        // Where the outcome is unknown, no other commit may have this position and epoch.
        this.#bases.delete(follower);
        const reply = await this.#append(update, commit);
        if (reply.status === "ok") return this.#appended(update, follower, base, commit, reply.due);
        if (reply.status === "done") return idOf(reply.position);
        if (reply.status === "broken") await this.#install(update.key, update.initialState, follower, true);
        if (reply.status === "held") {
          heldSince ??= clock.elapsed();
          if (clock.elapsed() - heldSince >= HELD_MS) throw hasLeader(update.key);
          await this.#pause(update, Math.min(reply.remainingMs, MAX_PAUSE_MS));
        } else if (reply.status === "late") {
          // The engine's clock was set forward, and is compared again.
          await this.#pause(update, Math.min(MAX_PAUSE_MS, 20 * 2 ** attempt));
        } else if (reply.status === "conflict") {
          // Another node was faster. A random pause keeps them from colliding again and again.
          await this.#pause(update, clock.random() * Math.min(50, 2 ** attempt));
        }
      } catch (error) {
        if (error instanceof ChangeFailed) throw error.cause;
        if (error instanceof StateStreamError && error.code === "has-leader") throw error;
        lastError = error;
        await this.#pause(update, Math.min(MAX_PAUSE_MS, 20 * 2 ** attempt) * (0.5 + clock.random() / 2));
      }
    }
    throw timedOut(update.key, lastError);
  }

  /** Sends the same commit until its outcome is known: with its ID, it is appended once. */
  async #append<S extends object>(update: Update<S>, commit: Commit): Promise<AppendReply> {
    const { engine, clock } = this.#host;
    for (let attempt = 0; ; attempt++) {
      try {
        const withinMs = update.deadline - clock.elapsed();
        return await engine.append(update.key, { id: update.id, idMs: ID_MS, withinMs, commit });
      } catch (error) {
        if (clock.elapsed() >= update.deadline) throw error;
        await this.#pause(update, Math.min(MAX_PAUSE_MS, 20 * 2 ** attempt) * (0.5 + clock.random() / 2));
        if (clock.elapsed() >= update.deadline) throw error;
      }
    }
  }

  #appended<S extends object>(
    { key }: Update<S>,
    follower: Follower,
    base: Base,
    commit: Commit,
    due: boolean,
  ): string {
    base.position = { epoch: commit.epoch, seq: commit.last };
    this.#bases.set(follower, base);
    // Its message is still on the way, but a client of this node should see the change now.
    follower.appended(commit);
    if (due) {
      const checkpoint = { position: base.position, body: base.continued.checkpoint() };
      this.#host.engine.putCheckpoint(key, checkpoint).catch((cause: unknown) => {
        const what = `A checkpoint of stream "${key}" could not be stored`;
        this.#host.report(failure("backplane-failed", what, cause, "The next update tries again."));
      });
    }
    return idOf(base.position);
  }

  /** The state to change. `undefined`: the stream was installed just now, and must be read. */
  async #base<S extends object>(
    { key, initialState }: Update<S>,
    follower: Follower,
    again: boolean,
  ): Promise<Base | undefined> {
    const { largeCalls, clock } = this.#host;
    const { position } = follower.stream;
    const last = this.#bases.get(follower);
    if (!again && last !== undefined && position !== undefined && isSame(last.position, position)) return last;
    if (!again && position !== undefined) return baseAt(follower.stream.checkpoint(), position, clock);
    const reply = await largeCalls.read(key, undefined);
    if (reply.status === "snapshot") {
      const text = checkpointAtHead(reply.checkpoint.body, reply.entries, clock);
      return baseAt(text, reply.head, clock);
    }
    await this.#install(key, initialState, follower, reply.status === "broken");
    return undefined;
  }

  /** Installs the stream: from this node's copy, or else with its initial state. */
  async #install(key: string, initialState: object, follower: Follower, broken: boolean): Promise<void> {
    const { engine, largeCalls, clock } = this.#host;
    const owner = broken ? clock.epoch() : "";
    // Only one node at a time may replace a broken stream.
    if (broken && (await engine.acquire(key, owner, HELD_MS)).status !== "ok") return;
    try {
      const position = follower.stream.position ?? { epoch: clock.epoch(), seq: 0 };
      const body =
        follower.stream.position === undefined
          ? checkpointOf(initialState, position.epoch, clock)
          : follower.stream.checkpoint();
      const checkpoint = { position, body };
      await largeCalls.install(key, { owner, checkpoint, entries: [], leaseMs: broken ? HELD_MS : 0, force: broken });
    } finally {
      if (broken) await engine.release(key, owner).catch(() => undefined);
    }
  }

  async #pause({ deadline }: { readonly deadline: number }, ms: number): Promise<void> {
    const { clock } = this.#host;
    const left = Math.max(0, Math.min(ms, deadline - clock.elapsed()));
    await new Promise<void>((resolve) => void clock.after(left, resolve, true));
  }
}

function idOf({ epoch, seq }: Position): string {
  return formatEventId(epoch, seq, "");
}

function invalid(message: string): StateStreamError {
  return new StateStreamError("invalid-option", message);
}

function hasLeader(key: string): StateStreamError {
  return new StateStreamError(
    "has-leader",
    `A writer leads stream "${key}", so update cannot change it. Use send() to reach the writer, or let nobody lead this stream.`,
  );
}

function timedOut(key: string, cause: unknown): StateStreamError {
  const message = `The update of stream "${key}" was not confirmed in time. It may have taken effect before, but will not later; repeat it with the same id.`;
  return new StateStreamError("timeout", message, { cause });
}
