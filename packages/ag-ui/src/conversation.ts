import type { AgUiEvent } from "./frames.ts";
import { type Growth, growthOf } from "./growth.ts";
import type { Message, Messages } from "./message.ts";
import { snapshotsBetween } from "./snapshots.ts";

/** The conversation of one client: what it holds, and which of its messages and tool calls are open. */
export class Conversation {
  /** What the client holds. */
  #held: Messages;
  /** The event that ends each message and tool call that is open, by what it is and its ID. */
  readonly #open = new Map<string, AgUiEvent>();

  constructor(held: Messages) {
    this.#held = held;
  }

  get held(): Messages {
    return this.#held;
  }

  /** The events that bring the client to these messages: the pieces that were added, or a snapshot. */
  advance(messages: Messages): AgUiEvent[] {
    if (messages === this.#held) return [];
    const steps = growthOf(this.#held, messages);
    if (steps === undefined) return this.replace(messages);
    this.#held = messages;
    return steps.flatMap((step) => this.#say(step));
  }

  /** The events that make the client hold exactly these messages. What is open and still there stays open. */
  replace(messages: Messages): AgUiEvent[] {
    const names = new Set(messages.flatMap((message) => namesIn(message)));
    const ends = this.#close((name) => !names.has(name));
    const events = snapshotsBetween(this.#held, messages);
    this.#held = messages;
    return [...ends, ...events];
  }

  /** The events that end what is open: a run must not finish before. */
  end(): AgUiEvent[] {
    return this.#close(() => true);
  }

  #say(step: Growth): AgUiEvent[] {
    if (step.kind === "result") return this.#sayResult(step.message);
    return step.kind === "text" ? this.#sayText(step) : this.#sayCall(step);
  }

  #sayText({ message, delta, isNew }: Extract<Growth, { kind: "text" }>): AgUiEvent[] {
    const { id: messageId, role, name, subagentRunId, metadata } = message;
    const prefix = role === "reasoning" ? "REASONING_MESSAGE" : "TEXT_MESSAGE";
    const end = { type: `${prefix}_END`, messageId };
    // What was sent when a message began must not be sent again, or metadata would be merged twice.
    const more = isNew ? defined({ name, subagentRunId, metadata }) : {};
    const events = this.#begin(textName(messageId), isNew, { type: `${prefix}_START`, messageId, role, ...more }, end);
    if (delta !== "") events.push({ type: `${prefix}_CONTENT`, messageId, delta });
    // Only an agent's words come in pieces; should others grow, they are opened again.
    if (role !== "assistant" && role !== "reasoning")
      events.push(...this.#close((open) => open === textName(messageId)));
    return events;
  }

  #sayCall({ message, call, delta, isNew }: Extract<Growth, { kind: "call" }>): AgUiEvent[] {
    const { id: toolCallId, metadata } = call;
    const more = isNew ? defined({ subagentRunId: message["subagentRunId"], metadata }) : {};
    const start = {
      type: "TOOL_CALL_START",
      toolCallId,
      toolCallName: call.function.name,
      parentMessageId: message.id,
      ...more,
    };
    const events = this.#begin(callName(toolCallId), isNew, start, { type: "TOOL_CALL_END", toolCallId });
    if (delta !== "") events.push({ type: "TOOL_CALL_ARGS", toolCallId, delta });
    return events;
  }

  #sayResult(message: Message): AgUiEvent[] {
    const { id: messageId, role, toolCallId, content, subagentRunId, metadata } = message;
    const more = defined({ subagentRunId, metadata });
    return [...this.#close(() => true), { type: "TOOL_CALL_RESULT", messageId, toolCallId, content, role, ...more }];
  }

  /** Opens what is not open. Something new ends what was open before it: nothing in the state says where a text ends. */
  #begin(name: string, isNew: boolean, start: AgUiEvent, end: AgUiEvent): AgUiEvent[] {
    if (this.#open.has(name)) return [];
    const ends = isNew ? this.#close(() => true) : [];
    this.#open.set(name, end);
    return [...ends, start];
  }

  #close(chosen: (name: string) => boolean): AgUiEvent[] {
    const closing = [...this.#open].filter(([name]) => chosen(name));
    for (const [name] of closing) this.#open.delete(name);
    return closing.map(([, end]) => end);
  }
}

function textName(id: string): string {
  return `text ${id}`;
}

function callName(id: string): string {
  return `call ${id}`;
}

/** What of a message can be open. */
function namesIn({ id, content, toolCalls = [] }: Message): string[] {
  const calls = toolCalls.map((call) => callName(call.id));
  return typeof content === "string" ? [textName(id), ...calls] : calls;
}

function defined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
