import type { RunAgentInput } from "@ag-ui/core";
import type { ConnectOptions, Connection, ConnectionEvent, StateStream } from "@statestream/core";
import type { ByteSource } from "@statestream/core/fetch";
import { FrameSource } from "./frame-source.ts";
import { frame, retryLine } from "./frames.ts";
import { isMessage } from "./message.ts";
import type { AgUiOptions } from "./options.ts";
import type { Position } from "./resumption.ts";
import { type Stop, Translator } from "./translator.ts";

type Connect = (more: ConnectOptions) => Connection;

/** What one response needs. */
export interface RunRequest extends Pick<AgUiOptions, "messages" | "run"> {
  readonly stream: StateStream;
  /** Opens a connection for this client, or says why there is none to open. */
  readonly connect: Connect | "closed" | "revoked";
  readonly lastEventId: string | undefined;
  /** The input of a POST; without it the client only follows. */
  readonly input: RunAgentInput | undefined;
  readonly ids: Pick<RunAgentInput, "threadId" | "runId">;
}

const RESTART: Stop = { reason: "restart" };

/** The response to one request: a run of AG-UI. */
export class AgUiRun {
  readonly #request: RunRequest;
  readonly #translator: Translator;
  /** Aborted when the response is over. */
  readonly #over = new AbortController();
  readonly #source: FrameSource;
  #connection: Connection | undefined;
  #phase: "waiting" | "running" | "finished" | "failed" = "waiting";

  constructor(request: RunRequest) {
    this.#request = request;
    // The input comes from a client: only what looks like a message counts as one that it holds.
    const held = (request.input?.messages as readonly unknown[] | undefined)?.filter(isMessage) ?? [];
    this.#translator = new Translator(request.messages, held);
    this.#source = new FrameSource(this.#frames(), () => this.#stop());
  }

  /** Nothing is opened, and no agent called, before it is first read. */
  get body(): ByteSource {
    return this.#source;
  }

  #stop(): void {
    this.#connection?.close();
    this.#over.abort();
  }

  async *#frames(): AsyncGenerator<string> {
    const { ids, connect } = this.#request;
    yield frame({ type: "RUN_STARTED", ...ids });
    let { lastEventId } = this.#request;
    let reason: string | undefined = typeof connect === "string" ? connect : undefined;
    while (reason === undefined) {
      reason = yield* this.#follow(connect as Connect, lastEventId);
      // Once more, from a snapshot.
      lastEventId = undefined;
    }
    const failure = reason === "closed" ? (this.#phase === "failed" ? "run-failed" : undefined) : reason;
    if (failure === undefined) {
      const events = [...this.#translator.end(), { type: "RUN_FINISHED", ...ids }];
      yield events.map((event) => frame(event)).join("");
    } else if (failure !== "disconnected" && failure !== "stalled") {
      // Open messages stay open: a client that resumes goes on with them.
      yield frame({ type: "RUN_ERROR", message: `The run has ended: ${failure}.`, code: failure });
    }
    this.#stop();
  }

  /** Follows one connection. Returns why it ended; `undefined` where the client needs a snapshot. */
  async *#follow(connect: Connect, lastEventId: string | undefined): AsyncGenerator<string, string | undefined> {
    const connection = this.#open(connect, lastEventId);
    const events = connection[Symbol.asyncIterator]();
    let next = events.next();
    // In one turn with the first read, which fixes where the client begins.
    this.#translator.begin(lastEventId === undefined ? undefined : this.#position());
    yield retryLine(connection.retryMs);
    for (;;) {
      const { done, value: event } = await next;
      // Without an event that says so: it ended in the middle of a commit.
      if (done === true) return connection.closeReason ?? "disconnected";
      const outcome = this.#starts(event) ? RESTART : this.#translator.translate(event);
      if (typeof outcome === "object") {
        this.#connection = undefined;
        connection.close();
        return outcome.reason === "restart" ? undefined : outcome.reason;
      }
      if (outcome !== "") yield outcome;
      next = events.next();
    }
  }

  #open(connect: Connect, lastEventId: string | undefined): Connection {
    let isCurrent = (): boolean => true;
    const { messages } = this.#request;
    const connection = connect({
      lastEventId,
      append: messages === undefined ? [] : [messages],
      onClose: (reason) => {
        // The client has left, or takes nothing: nobody reads what is ready.
        if (isCurrent() && (reason === "disconnected" || reason === "stalled")) this.#source.close();
      },
    });
    this.#connection = connection;
    isCurrent = () => this.#connection === connection;
    if (this.#phase === "finished" || this.#phase === "failed") connection.end("closed");
    return connection;
  }

  /** The conversation where the log is now. */
  #position(): Position | undefined {
    const { stream, messages } = this.#request;
    if (messages === undefined) return undefined;
    const { state, eventId } = stream.snapshot({ slices: [messages] });
    return { value: (state as Record<string, Position["value"]>)[messages], eventId };
  }

  /**
   * Calls the application's agent, once the client is accepted. Returns whether the snapshot in hand is older than what
   * the agent did at once: with it a client would lose its own message until the next event.
   */
  #starts(event: ConnectionEvent): boolean {
    const { run, input, stream } = this.#request;
    if (this.#phase !== "waiting" || run === undefined || input === undefined || event.event === "state.end")
      return false;
    this.#phase = "running";
    const before = stream.eventId;
    void this.#run(run, input);
    return event.event === "state.initial" && stream.eventId !== before;
  }

  async #run(run: NonNullable<AgUiOptions["run"]>, input: RunAgentInput): Promise<void> {
    try {
      await run(input, this.#over.signal);
      this.#phase = "finished";
    } catch {
      this.#phase = "failed";
    }
    // In order: what is pending is sent first.
    this.#connection?.end("closed");
  }
}
