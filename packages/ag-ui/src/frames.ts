/** One event of AG-UI. Only the members that this package sets are known; the types of `@ag-ui/core` would need its code. */
export interface AgUiEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/**
 * An event as a frame of Server-Sent Events. Clients of AG-UI ignore the `id`, which is the position that the client has
 * reached once it has applied the event.
 */
export function frame(event: AgUiEvent, id = ""): string {
  return dataFrame(JSON.stringify(event), id);
}

/** A frame around JSON that is ready. */
export function dataFrame(json: string, id = ""): string {
  return `data: ${json}\n${id === "" ? "" : `id: ${id}\n`}\n`;
}

/** A heartbeat is a comment: how often one comes, and the position, for clients that read comments. */
export function heartbeatComment(heartbeatMs: number, id: string): string {
  return `: heartbeat ${heartbeatMs}${id === "" ? "" : ` ${id}`}\n\n`;
}

/** How long a client waits before it reconnects. */
export function retryLine(retryMs: number): string {
  return `retry: ${retryMs}\n\n`;
}

/** The type of an event. The server writes it first, so that a large snapshot need not be parsed for it. */
export function typeOf(data: string): string {
  return /^\{"type":"(\w+)"/.exec(data)?.[1] ?? (JSON.parse(data) as { type: string }).type;
}
