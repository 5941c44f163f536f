/** A tool call of an assistant's message. */
export interface ToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
  readonly [member: string]: unknown;
}

/** A message of AG-UI, as far as it is looked at. */
export interface Message {
  readonly id: string;
  readonly role: string;
  readonly content?: unknown;
  readonly toolCalls?: readonly ToolCall[];
  readonly toolCallId?: string;
  readonly [member: string]: unknown;
}

export type Messages = readonly Message[];

const ROLES: ReadonlySet<unknown> = new Set([
  "developer",
  "system",
  "assistant",
  "user",
  "tool",
  "activity",
  "reasoning",
]);

/** The messages that a slice holds; `undefined` where it is not a list of messages. An absent slice holds none. */
export function messagesOf(value: unknown): Messages | undefined {
  if (value === undefined) return [];
  return Array.isArray(value) && value.every(isMessage) ? value : undefined;
}

export function isMessage(value: unknown): value is Message {
  if (typeof value !== "object" || value === null) return false;
  const { id, role, toolCalls } = value as Message;
  return typeof id === "string" && ROLES.has(role) && (toolCalls === undefined || areCalls(toolCalls));
}

function areCalls(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((call: Partial<ToolCall> | null) => {
      const { name, arguments: args } = call?.function ?? {};
      return typeof call?.id === "string" && typeof name === "string" && typeof args === "string";
    })
  );
}
