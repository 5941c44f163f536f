import type {
  ConnectionEvent,
  EndReason,
  HeartbeatEvent,
  Json,
  StateEvent,
  StateInitialEvent,
  StateUpdateEvent,
} from "@statestream/core";
import { applyOperations } from "@statestream/core/patch";
import { Conversation } from "./conversation.ts";
import { type AgUiEvent, dataFrame, heartbeatComment } from "./frames.ts";
import { type Messages, messagesOf } from "./message.ts";
import { Resumption } from "./resumption.ts";
import { operationsOf } from "./state-delta.ts";

/** Why nothing more of a connection is sent. */
export interface Stop {
  /**
   * What the server says; or `restart`, where AG-UI cannot say a change and the client has to be given a snapshot; or
   * `invalid-messages`, where the slice of the conversation does not hold messages.
   */
  readonly reason: EndReason | "restart" | "invalid-messages";
}

/** Thrown where the rest of an event cannot be translated. */
class Untranslatable extends Error implements Stop {
  readonly reason: "restart" | "invalid-messages";

  constructor(reason: "restart" | "invalid-messages") {
    super(reason);
    this.reason = reason;
  }
}

/** Turns the events of one connection into frames of AG-UI. */
export class Translator {
  readonly #slice: string | undefined;
  #conversation: Conversation;
  /** The slices that the client has; `undefined` where that is not known, because it resumed. */
  #names: Set<string> | undefined;
  /** What the client missed of the conversation, until it is known where it was. */
  #resumption: Resumption | undefined;
  /** What the commit under way has so far: operations as JSON, and events. */
  #operations: string[] = [];
  #events: AgUiEvent[] = [];

  /**
   * @param slice the slice of the conversation
   * @param held the messages that the client has, as far as that is known
   */
  constructor(slice: string | undefined, held: Messages) {
    this.#slice = slice;
    this.#conversation = new Conversation(held);
  }

  /** A connection begins that may resume. `current` is the conversation where the log is now, with its event ID. */
  begin(current: { readonly value: Json | undefined; readonly eventId: string } | undefined): void {
    this.#operations = [];
    this.#events = [];
    this.#names = undefined;
    this.#resumption = current && new Resumption(current);
  }

  /** The frames of an event; empty in the middle of a commit. */
  translate(event: ConnectionEvent): string | Stop {
    try {
      const parsed = JSON.parse(event.data) as StateEvent;
      switch (parsed.type) {
        case "state.initial":
          return this.#initial(parsed, event.id);
        case "heartbeat":
          return this.#heartbeat(parsed, event.id);
        case "state.update":
          return this.#update(parsed, event.id);
        case "state.end":
          return parsed;
      }
    } catch (error) {
      if (error instanceof Untranslatable) return error;
      throw error;
    }
  }

  /** The events that end what is open. */
  end(): AgUiEvent[] {
    return this.#conversation.end();
  }

  #initial({ slices, heartbeatMs }: StateInitialEvent, id: string): string {
    this.#resumption = undefined;
    this.#names = new Set(Object.keys(slices));
    const slice = this.#slice;
    if (slice === undefined) return heartbeatComment(heartbeatMs, "") + frames([stateSnapshot(slices)], id);
    const { [slice]: value, ...state } = slices;
    const events = this.#conversation.replace(this.#messagesOf(value));
    return heartbeatComment(heartbeatMs, "") + frames([stateSnapshot(state), ...events], id);
  }

  #heartbeat({ seq, head, heartbeatMs }: HeartbeatEvent, id: string): string {
    const caughtUp = this.#resumption?.heard(seq, head) === true ? this.#resume() : "";
    return caughtUp + heartbeatComment(heartbeatMs, this.#resumption === undefined ? id : "");
  }

  #update(update: StateUpdateEvent, id: string): string {
    const resumption = this.#resumption;
    if (resumption === undefined) return this.#change(update, id);
    if (!resumption.isOfLog(id)) throw new Untranslatable("restart");
    if (resumption.isMissed(update)) return resumption.miss(update, id) ? this.#resume() : "";
    if (!resumption.isComplete) throw new Untranslatable("restart");
    return this.#resume() + this.#change(update, id);
  }

  /** What the client missed, once all of it is there. */
  #resume(): string {
    const resumption = this.#resumption as Resumption;
    const { current, missed } = resumption;
    const value = resumption.before(this.#slice as string);
    const before = value === undefined ? undefined : messagesOf(value);
    this.#resumption = undefined;
    this.#conversation = new Conversation(before ?? []);
    if (before !== undefined) return missed.map(({ update, id }) => this.#change(update, id)).join("");
    // The client's place in the conversation is unknown, so all of it is sent; after that the client is at the last position.
    const state = missed.filter(({ update }) => update.slice !== this.#slice);
    const text = state.map(({ update }) => this.#change(update, "")).join("");
    const events = this.#conversation.replace(this.#messagesOf(current.value));
    return text + this.#flush("") + frames(events, missed.at(-1)?.id ?? "");
  }

  #change(update: StateUpdateEvent, id: string): string {
    if (update.slice === this.#slice) this.#events.push(...this.#conversation.advance(this.#changed(update)));
    else {
      const operations = operationsOf(update, this.#names?.has(update.slice) === true);
      if (operations === undefined) throw new Untranslatable("restart");
      this.#operations.push(...operations);
      if (update.removed === true) this.#names?.delete(update.slice);
      else this.#names?.add(update.slice);
    }
    return update.more === true ? "" : this.#flush(id);
  }

  /** The frames of the commit: its messages, and one patch of all its slices. */
  #flush(id: string): string {
    const events = this.#events.map((event) => JSON.stringify(event));
    if (this.#operations.length > 0) events.push(`{"type":"STATE_DELTA","delta":[${this.#operations.join(",")}]}`);
    this.#operations = [];
    this.#events = [];
    return texts(events, id);
  }

  #changed({ slice, patches, value }: StateUpdateEvent): Messages {
    if (patches === undefined) return this.#messagesOf(value);
    // The messages are JSON: they came as such.
    const held = this.#conversation.held as unknown as Json;
    let changed: Json;
    try {
      changed = applyOperations(held, patches, slice);
    } catch {
      throw new Untranslatable("restart");
    }
    return this.#messagesOf(changed);
  }

  #messagesOf(value: unknown): Messages {
    const messages = messagesOf(value);
    if (messages === undefined) throw new Untranslatable("invalid-messages");
    return messages;
  }
}

function stateSnapshot(snapshot: unknown): AgUiEvent {
  return { type: "STATE_SNAPSHOT", snapshot };
}

function frames(events: readonly AgUiEvent[], id: string): string {
  return texts(
    events.map((event) => JSON.stringify(event)),
    id,
  );
}

/** Only the last frame has the position: before it, the client does not have everything up to there. */
function texts(events: readonly string[], id: string): string {
  return events.map((json, index) => dataFrame(json, index + 1 === events.length ? id : "")).join("");
}
