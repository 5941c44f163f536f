import type { Message, Messages, ToolCall } from "./message.ts";

/** One step by which a conversation grows, as AG-UI can say it. */
export type Growth =
  /** Text was added to a message, or the message is new. */
  | { readonly kind: "text"; readonly message: Message; readonly delta: string; readonly isNew: boolean }
  /** Text was added to the arguments of a tool call, or the call is new. */
  | {
      readonly kind: "call";
      readonly message: Message;
      readonly call: ToolCall;
      readonly delta: string;
      readonly isNew: boolean;
    }
  /** A tool's answer is new. */
  | { readonly kind: "result"; readonly message: Message };

// What a client makes of each event, as the reducer of @ag-ui/client 1.0 does: a message is begun with these members.
const TEXT_ROLES: ReadonlySet<string> = new Set(["developer", "system", "assistant", "user"]);
const TEXT = new Set(["id", "role", "content", "name", "subagentRunId", "metadata", "toolCalls"]);
const REASONING = new Set(["id", "role", "content", "subagentRunId", "metadata"]);
const RESULT = new Set(["id", "role", "content", "toolCallId", "subagentRunId", "metadata"]);
const BARE = new Set(["id", "role", "toolCalls", "subagentRunId"]);
const CALL = new Set(["id", "type", "function", "metadata"]);
const FUNCTION = new Set(["name", "arguments"]);

/**
 * The steps that lead a client from one conversation to another; `undefined` where no events but a snapshot can say it,
 * which is the case for everything but growth: texts that get longer, and messages and tool calls that are new at the end.
 */
export function growthOf(before: Messages, after: Messages): readonly Growth[] | undefined {
  if (after.length < before.length) return undefined;
  const steps: Growth[] = [];
  for (const [index, old] of before.entries()) {
    const now = after[index] as Message;
    if (now !== old && !grown(old, now, after, steps)) return undefined;
  }
  for (let index = before.length; index < after.length; index++) {
    if (!added(index, after, steps)) return undefined;
  }
  return steps;
}

/** Whether only the content and the tool calls of a message grew. */
function grown(old: Message, now: Message, all: Messages, steps: Growth[]): boolean {
  const { content: text, toolCalls: calls = [], ...rest } = now;
  const { content: oldText, toolCalls: oldCalls = [], ...oldRest } = old;
  if (!isSame(oldRest, rest) || ("toolCalls" in old && !("toolCalls" in now))) return false;
  if (!isSame(oldText, text)) {
    const delta = typeof text === "string" && canGrow(now) ? addedText(oldText ?? "", text) : "";
    if (delta === "") return false;
    steps.push({ kind: "text", message: now, delta, isNew: false });
  }
  if (calls === oldCalls) return true;
  // AG-UI has no event for an empty list of calls, only for calls.
  if (!("toolCalls" in old) && calls.length === 0 && "toolCalls" in now) return false;
  for (const [index, oldCall] of oldCalls.entries()) {
    const call = calls[index];
    if (call === undefined || !callGrown(oldCall, call, now, steps)) return false;
  }
  return calls.slice(oldCalls.length).every((call) => callAdded(call, now, all, steps));
}

function callGrown(old: ToolCall, call: ToolCall, message: Message, steps: Growth[]): boolean {
  if (isSame(old, call)) return true;
  const delta = addedText(old.function.arguments, call.function.arguments);
  const same = isSame({ ...old, function: 0 }, { ...call, function: 0 });
  const sameFunction = isSame({ ...old.function, arguments: 0 }, { ...call.function, arguments: 0 });
  if (delta === "" || !same || !sameFunction) return false;
  steps.push({ kind: "call", message, call, delta, isNew: false });
  return true;
}

function callAdded(call: ToolCall, message: Message, all: Messages, steps: Growth[]): boolean {
  if (message.role !== "assistant" || call.type !== "function" || !only(call, CALL) || !only(call.function, FUNCTION)) {
    return false;
  }
  // A start of a call that is known changes that one.
  if (all.some(({ toolCalls = [] }) => toolCalls.some((other) => other !== call && other.id === call.id))) return false;
  steps.push({ kind: "call", message, call, delta: call.function.arguments, isNew: true });
  return true;
}

function added(index: number, all: Messages, steps: Growth[]): boolean {
  const message = all[index] as Message;
  const { role, content, toolCalls } = message;
  // Events with the id of another message are about that one.
  if (all.some((other, place) => place !== index && other.id === message.id)) return false;
  if (role === "tool") {
    if (!only(message, RESULT) || !isAnswerInPlace(index, all)) return false;
    steps.push({ kind: "result", message });
    return true;
  }
  const isBare = role === "assistant" && !("content" in message);
  if (isBare ? !only(message, BARE) || toolCalls === undefined : !isText(message)) return false;
  if (typeof content === "string") steps.push({ kind: "text", message, delta: content, isNew: true });
  if (toolCalls === undefined) return true;
  return toolCalls.length > 0 && toolCalls.every((call) => callAdded(call, message, all, steps));
}

function isText(message: Message): boolean {
  return (
    typeof message.content === "string" &&
    canGrow(message) &&
    only(message, message.role === "reasoning" ? REASONING : TEXT)
  );
}

function canGrow({ role }: Message): boolean {
  return TEXT_ROLES.has(role) || role === "reasoning";
}

/** Whether a client puts a tool's answer where it is: after the message that has the call, and the answers behind that. */
function isAnswerInPlace(index: number, all: Messages): boolean {
  const { toolCallId, content } = all[index] as Message;
  if (typeof toolCallId !== "string" || content === undefined) return false;
  const owner = all.findIndex(
    ({ role, toolCalls = [] }) => role === "assistant" && toolCalls.some(({ id }) => id === toolCallId),
  );
  return owner < 0 || (owner < index && all.slice(owner + 1, index).every(({ role }) => role === "tool"));
}

/** What was added at the end of a text; empty where anything else happened to it. */
function addedText(old: unknown, now: string): string {
  // Two strings are compared by words, startsWith compares one character at a time.
  return typeof old === "string" && now.slice(0, old.length) === old ? now.slice(old.length) : "";
}

function only(value: object, members: ReadonlySet<string>): boolean {
  return Object.keys(value).every((name) => members.has(name));
}

/** Whether two values are the same JSON. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSame(a[name as never], b[name as never]))
  );
}
