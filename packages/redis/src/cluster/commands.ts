import { StateStreamError } from "@statestream/core";
import type { Clock } from "@statestream/core/backplane";
import type { Engine } from "./engine.ts";

/**
 * Handles a command that a node sent to the writer that leads, and returns its answer, which must be JSON. It is synchronous, because
 * the changes that it makes are stored together with the answer. An error that it throws rejects the `send`.
 */
export type CommandHandler = (command: unknown, context: { readonly id: string }) => unknown;

/** The outcome of a command. `again`: this writer does not lead, or no longer; the one that does may have the answer. */
export type Outcome =
  | { readonly kind: "answer"; readonly answer: unknown }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "again" };

/** A command on its way to the leader. */
export interface CommandRequest {
  /** The node and its call that the answer is for. */
  readonly node: string;
  readonly call: number;
  readonly id: string;
  readonly command: unknown;
  /** The command may have been handled before, possibly by another leader. */
  readonly repeated: boolean;
}

interface CommandReply {
  readonly call: number;
  readonly outcome: Outcome;
}

/** The boxes of the engine that commands and replies go to. */
const COMMANDS = "q";
const REPLIES = "a";

/** How many outcomes the leader remembers itself. */
const MAX_OUTCOMES = 1000;

export interface CommandServerParts {
  readonly key: string;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly handler: CommandHandler;
  readonly leads: () => boolean;
  /** Resolves when the engine has every change made so far and, with them, the answer. */
  readonly record: (id: string, answer: string) => Promise<void>;
}

/** Handles the commands of a stream while its writer leads: each ID once. */
export class CommandServer {
  readonly #parts: CommandServerParts;
  /** Outcomes by ID, oldest first, including commands under way. */
  readonly #outcomes = new Map<string, Promise<Outcome>>();
  #open = false;
  #handled = 0;

  constructor(parts: CommandServerParts) {
    this.#parts = parts;
  }

  /** How many commands have arrived. */
  get handled(): number {
    return this.#handled;
  }

  open(): void {
    this.#open = true;
    void this.#listen(0);
  }

  close(): void {
    this.#open = false;
    this.#outcomes.clear();
    const { engine, key } = this.#parts;
    engine.unlisten(key, COMMANDS).catch(() => undefined);
  }

  /** Handles a command, unless it has been. */
  handle({ id, command, repeated }: Pick<CommandRequest, "id" | "command" | "repeated">): Promise<Outcome> {
    this.#handled++;
    const known = this.#outcomes.get(id);
    if (known !== undefined) return known;
    const outcome = this.#handle(id, command, repeated);
    this.#outcomes.set(id, outcome);
    if (this.#outcomes.size > MAX_OUTCOMES) this.#outcomes.delete(this.#outcomes.keys().next().value as string);
    void outcome.then(({ kind }) => {
      if (kind === "again") this.#outcomes.delete(id);
    });
    return outcome;
  }

  async #listen(failures: number): Promise<void> {
    const { engine, key, clock } = this.#parts;
    try {
      await engine.listen(key, COMMANDS, (text) => void this.#receive(text));
    } catch {
      // The connection is down; the engine reports that.
      if (this.#open)
        clock.after(Math.min(2000, 100 * 2 ** failures), () => this.#open && void this.#listen(failures + 1));
    }
  }

  async #receive(text: string): Promise<void> {
    const request = JSON.parse(text) as CommandRequest;
    const outcome = await this.handle(request);
    const reply: CommandReply = { call: request.call, outcome };
    // If this fails, the sender repeats the command.
    await this.#parts.engine.post(request.node, REPLIES, JSON.stringify(reply), 10_000).catch(() => undefined);
  }

  async #handle(id: string, command: unknown, repeated: boolean): Promise<Outcome> {
    const { engine, key, handler, leads, record } = this.#parts;
    let recorded: string | undefined;
    try {
      if (repeated && leads()) recorded = await engine.answerOf(key, id);
    } catch {
      // It is not known whether the command was handled before.
      return { kind: "again" };
    }
    if (recorded !== undefined) return { kind: "answer", answer: JSON.parse(recorded) as unknown };
    if (!leads()) return { kind: "again" };
    let answer: unknown;
    try {
      answer = handler(command, { id });
      if (answer instanceof Promise)
        throw new Error("onCommand returned a promise; it must return its answer at once.");
    } catch (error) {
      if (!leads()) return { kind: "again" };
      return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
    }
    try {
      // In the same turn as the handler, so that the answer is stored together with the changes.
      await record(id, JSON.stringify(answer ?? null));
      return { kind: "answer", answer };
    } catch {
      // Another writer leads. If the changes reached the engine, so did the answer, and that writer finds it.
      return { kind: "again" };
    }
  }
}

export interface SendOptions {
  /** Milliseconds until it rejects with `timeout`. Default 5,000. */
  timeoutMs?: number;
  /**
   * Identifies this command; take it from the request. Sent again with the same ID on any node within ten minutes, it is handled
   * once. Default: random, which covers only repetitions inside this call.
   */
  id?: string;
}

/** A command that is not answered is sent again after so long, in milliseconds: the leader may have changed. */
const REPEAT_MS = 1000;
const MAX_PAUSE_MS = 300;

/** The writers of this node, for commands that it sends. */
export interface LocalCommands {
  /** The server of a writer of this node, if that leads. */
  readonly local: () => CommandServer | undefined;
  /** No writer receives commands of the stream now. */
  readonly onNoLeader: () => void;
}

/** Sends commands of this node to the writers that lead. */
export class CommandSender {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #node = crypto.randomUUID();
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #calls = 0;
  #listening: Promise<void> | undefined;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  async send(
    key: string,
    command: unknown,
    { timeoutMs = 5000, id }: SendOptions,
    { local, onNoLeader }: LocalCommands,
  ): Promise<unknown> {
    if (!(timeoutMs > 0))
      throw new StateStreamError("invalid-option", `The option timeoutMs is ${String(timeoutMs)}; it must be above 0.`);
    const deadline = this.#clock.elapsed() + timeoutMs;
    const call = ++this.#calls;
    const request = { node: this.#node, call, id: id ?? crypto.randomUUID(), command };
    let lastError: unknown;
    for (let attempt = 0; this.#clock.elapsed() < deadline; attempt++) {
      try {
        const repeated = attempt > 0 || id !== undefined;
        const outcome = await this.#try(key, { ...request, repeated }, deadline, local());
        if (outcome === "no-leader") onNoLeader();
        else if (outcome?.kind === "answer") return outcome.answer;
        else if (outcome?.kind === "failed") throw new CommandFailed(outcome.message);
      } catch (error) {
        if (error instanceof CommandFailed) throw new StateStreamError("command-failed", error.message);
        lastError = error;
      }
      await this.#pause(Math.min(MAX_PAUSE_MS, 20 * 2 ** attempt), deadline);
    }
    const message = `The command for stream "${key}" was not answered within ${timeoutMs} ms: no writer leads, or it is busy. Repeat it with the same id.`;
    throw new StateStreamError("timeout", message, { cause: lastError });
  }

  async #try(
    key: string,
    request: CommandRequest,
    deadline: number,
    local: CommandServer | undefined,
  ): Promise<Outcome | "no-leader" | undefined> {
    const left = deadline - this.#clock.elapsed();
    let receive!: (outcome: Outcome | undefined) => void;
    const received = new Promise<Outcome | undefined>((resolve) => (receive = resolve));
    const cancel = this.#clock.after(
      Math.min(local === undefined ? REPEAT_MS : left, left),
      () => receive(undefined),
      true,
    );
    this.#waiting.set(request.call, receive);
    try {
      if (local !== undefined) {
        void local.handle(request).then(receive);
      } else {
        await this.#listen();
        // After the deadline the engine drops it, so that no command is handled that nobody waits for.
        if ((await this.#engine.post(key, COMMANDS, JSON.stringify(request), left)) === 0) return "no-leader";
      }
      return await received;
    } finally {
      cancel();
      this.#waiting.delete(request.call);
    }
  }

  async #listen(): Promise<void> {
    this.#listening ??= this.#engine.listen(this.#node, REPLIES, (text) => {
      const { call, outcome } = JSON.parse(text) as CommandReply;
      this.#waiting.get(call)?.(outcome);
    });
    try {
      await this.#listening;
    } catch (error) {
      this.#listening = undefined;
      throw error;
    }
  }

  async #pause(ms: number, deadline: number): Promise<void> {
    const left = Math.max(0, Math.min(ms, deadline - this.#clock.elapsed()));
    await new Promise<void>((resolve) => void this.#clock.after(left, resolve, true));
  }
}

class CommandFailed extends Error {}
