import { dataFrame, frame } from "./frames.ts";

/** A message or tool call that is open at the reader. */
interface OpenEntity {
  /** The frame that ends it. */
  readonly end: string;
  /** The connection that opened it was lost: the server opens it again if it grows, and ends it no more. */
  isStale: boolean;
}

/**
 * The messages and tool calls that are open at the reader. A connection that resumes opens them again, which the reader must
 * not see: it would take that for a fault.
 */
export class OpenEntities {
  readonly #entities = new Map<string, OpenEntity>();

  /** The connection was lost. */
  lose(): void {
    for (const entity of this.#entities.values()) entity.isStale = true;
  }

  /** The frames of an event for the reader. */
  receive(type: string, data: string): string {
    // Each of them ends what was open before it, and the server does not know all of that.
    if (type === "MESSAGES_SNAPSHOT" || type === "TOOL_CALL_RESULT") return this.#end(isStale) + dataFrame(data);
    if (type === "RUN_FINISHED") return this.#end(() => true) + dataFrame(data);
    const [, prefix, edge] = /^(TEXT_MESSAGE|REASONING_MESSAGE|TOOL_CALL)_(START|END)$/.exec(type) ?? [];
    if (prefix === undefined) return dataFrame(data);
    const member = prefix === "TOOL_CALL" ? "toolCallId" : "messageId";
    const id = (JSON.parse(data) as Record<string, string>)[member];
    const name = `${prefix} ${id}`;
    if (edge === "END") return this.#entities.delete(name) ? dataFrame(data) : "";
    const open = this.#entities.get(name);
    if (open !== undefined) {
      open.isStale = false;
      return "";
    }
    const ends = this.#end(isStale);
    this.#entities.set(name, { end: frame({ type: `${prefix}_END`, [member]: id }), isStale: false });
    return ends + dataFrame(data);
  }

  #end(chosen: (entity: OpenEntity) => boolean): string {
    let text = "";
    for (const [name, entity] of this.#entities) {
      if (!chosen(entity)) continue;
      this.#entities.delete(name);
      text += entity.end;
    }
    return text;
  }
}

function isStale(entity: OpenEntity): boolean {
  return entity.isStale;
}
