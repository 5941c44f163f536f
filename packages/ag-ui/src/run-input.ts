import type { RunAgentInput } from "@ag-ui/core";

/** How large a body may be, in bytes: clients send the whole state and all messages with each run. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** What a request asks for, or why it is refused. */
export type Asked =
  | { readonly input: RunAgentInput }
  | { readonly status: 400 | 413; readonly code: string; readonly message: string };

/** The text of a body, as far as the limit allows; `undefined` beyond it. All of it is taken, or the client could not read the answer. */
export async function readText(body: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (length > MAX_BODY_BYTES) return undefined;
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}

/** What the text of a body asks for. */
export function askedBy(text: string | undefined): Asked {
  if (text === undefined) {
    return { status: 413, code: "too-large", message: `The body may have at most ${MAX_BODY_BYTES} bytes.` };
  }
  if (text === "") return refuse("The body is empty, or has been read before; a RunAgentInput was expected.");
  try {
    return checkInput(JSON.parse(text));
  } catch {
    return refuse("The body is not JSON; a RunAgentInput was expected.");
  }
}

/** Checks what the server relies on; the rest of the input is for the application to judge. */
export function checkInput(value: unknown): Asked {
  if (!isObject(value)) return refuse(`A RunAgentInput must be an object; it is ${kindOf(value)}.`);
  for (const name of ["threadId", "runId"]) {
    const given = value[name];
    if (typeof given !== "string" || given === "") {
      return refuse(
        `The member ${name} of a RunAgentInput must be a string that is not empty; it is ${kindOf(given)}.`,
      );
    }
  }
  // The schema requires the messages, and gives the other two a default.
  const input = { tools: [], context: [], ...value };
  for (const [name, list] of Object.entries({
    messages: value["messages"],
    tools: input.tools,
    context: input.context,
  })) {
    if (!Array.isArray(list) || !list.every(isObject)) {
      return refuse(`The member ${name} of a RunAgentInput must be a list of objects; it is ${kindOf(list)}.`);
    }
  }
  return { input: input as unknown as RunAgentInput };
}

function refuse(message: string): Asked {
  return { status: 400, code: "invalid-input", message };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a value is, without quoting it: an error must not repeat what a client sent. */
function kindOf(value: unknown): string {
  if (value === undefined) return "absent";
  if (value === null) return "null";
  if (value === "") return "empty";
  if (Array.isArray(value)) return "a list of something else";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
