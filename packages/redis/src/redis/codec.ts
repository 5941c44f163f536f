import type { Commit, Message, Position } from "../cluster/engine.ts";

/** The message that a stream was installed or its lease released. */
export const HEAD = "head";

/** An entry as arguments of the scripts. */
export function entryArgs({ epoch, previous, first, last, body }: Commit): string[] {
  return [epoch, previous, String(first), String(last), body];
}

/** Entries as XRANGE gives them: `[id, [field, value, ...]]`, the fields in the order in which the scripts wrote them. */
export function parseEntries(reply: unknown): Commit[] {
  return (reply as [string, string[]][]).map(([id, fields]) => {
    const [, epoch, , previous, , first, , body] = fields as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    return { epoch, previous, first: Number(first), last: Number.parseInt(id, 10), body };
  });
}

export function parsePosition(epoch: unknown, seq: unknown): Position {
  return { epoch: epoch as string, seq: Number(seq) };
}

/** `"<previous> <epoch> <first> <last> <body>"`, as the scripts publish it; undefined for a message of another library. */
export function parseMessage(text: string): Message | undefined {
  if (text === HEAD) return { kind: "head" };
  // The body is cut off, not matched: it may be large.
  let end = -1;
  for (let field = 0; field < 4; field++) {
    end = text.indexOf(" ", end + 1);
    if (end === -1) return undefined;
  }
  const [previous, epoch, first, last] = text.slice(0, end).split(" ") as [string, string, string, string];
  return {
    kind: "entry",
    entry: { epoch, previous, first: Number(first), last: Number(last), body: text.slice(end + 1) },
  };
}
