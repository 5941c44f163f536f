import type { Operation } from "./types.ts";

/** The steps of a JSON Pointer (RFC 6901); `undefined` where the text is none. */
export function tokensOf(pointer: string): string[] | undefined {
  if (pointer === "") return [];
  if (typeof pointer !== "string" || !pointer.startsWith("/") || /~(?![01])/.test(pointer)) return undefined;
  const tokens = pointer.slice(1).split("/");
  return pointer.includes("~") ? tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~")) : tokens;
}

/** The JSON Pointer of these steps. */
export function pathOf(tokens: readonly string[]): string {
  return tokens.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** Whether an operation names a member that appliers refuse, or would take for the prototype. */
export function namesPrototype(operations: readonly Operation[]): boolean {
  return operations.some(
    (operation) => leadsToPrototype(operation.path) || ("from" in operation && leadsToPrototype(operation.from)),
  );
}

function leadsToPrototype(pointer: string): boolean {
  // Nearly no path contains these words; only those that do are split.
  if (!pointer.includes("__proto__") && !pointer.includes("/constructor/prototype")) return false;
  const tokens = pointer.split("/");
  return tokens.some(
    (token, index) => token === "__proto__" || (token === "prototype" && tokens[index - 1] === "constructor"),
  );
}
