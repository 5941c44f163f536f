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

type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === "string";
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
// Absent is the only way to leave a member out: clients refuse null.
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const isText = optional(isString);
const isMetadata = optional(isObject);
const isContent: Check = (value) => isString(value) || (Array.isArray(value) && value.every(isPart));
const areCalls = optional((value) => Array.isArray(value) && value.every(isCall));

/** What the members of a message must be, by its role. */
const MEMBERS = new Map<unknown, Readonly<Record<string, Check>>>([
  ["developer", { content: isString, name: isText }],
  ["system", { content: isString, name: isText }],
  ["user", { content: isContent, name: isText }],
  ["assistant", { content: isText, name: isText }],
  ["tool", { content: isContent, toolCallId: isString, error: isText }],
  ["activity", { content: isObject, activityType: isString }],
  ["reasoning", { content: isString }],
]);

/** The messages that a slice holds; `undefined` where it is not a list of messages. An absent slice holds none. */
export function messagesOf(value: unknown): Messages | undefined {
  if (value === undefined) return [];
  return Array.isArray(value) && value.every(isMessage) ? value : undefined;
}

/** Whether clients take a value for a message: one that they do not makes them fail. */
export function isMessage(value: unknown): value is Message {
  if (!isObject(value)) return false;
  const message = value as Message;
  const { id, role, toolCalls, subagentRunId, metadata, encryptedValue } = message;
  const members = MEMBERS.get(role);
  return (
    members !== undefined &&
    isString(id) &&
    areCalls(toolCalls) &&
    isText(subagentRunId) &&
    isMetadata(metadata) &&
    (role === "activity" || isText(encryptedValue)) &&
    Object.entries(members).every(([name, check]) => check(message[name]))
  );
}

function isCall(value: unknown): boolean {
  if (!isObject(value)) return false;
  const call = value as ToolCall;
  return (
    isString(call.id) &&
    call.type === "function" &&
    isObject(call.function) &&
    isString(call.function.name) &&
    isString(call.function.arguments) &&
    isText(call["encryptedValue"]) &&
    isMetadata(call["metadata"])
  );
}

/** Parts of older versions, which clients translate, pass too. */
function isPart(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { type, text } = value as Record<string, unknown>;
  return isString(type) && (type !== "text" || isString(text));
}
