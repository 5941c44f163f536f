import type { ConnectionEvent } from "../protocol/frame.ts";
import type { Chunk } from "./chunk.ts";
import type { Handover } from "./handover.ts";

/** What reading a connection as events needs of it. */
export interface EventSupply {
  readonly closed: boolean;
  readonly handover: Handover;
  greet(): void;
  next(): Chunk | undefined;
  /** Closes the connection if what is left of a chunk may not be given any more; says whether it is closed. */
  cutOff(): boolean;
  onReadable(fn: () => void): () => void;
  close(): void;
}

/** A connection's events, one by one. */
export class EventReader implements AsyncIterator<ConnectionEvent> {
  readonly #connection: EventSupply;
  readonly #events: AsyncGenerator<ConnectionEvent, undefined>;

  constructor(connection: EventSupply) {
    this.#connection = connection;
    this.#events = this.#read();
  }

  next(): Promise<IteratorResult<ConnectionEvent>> {
    return this.#events.next();
  }

  return(): Promise<IteratorResult<ConnectionEvent>> {
    // Before the generator's own return, which waits for a pending `next`.
    this.#connection.close();
    return this.#events.return(undefined);
  }

  async *#read(): AsyncGenerator<ConnectionEvent, undefined> {
    const connection = this.#connection;
    connection.greet();
    while (!connection.closed) {
      const chunk = connection.next();
      if (chunk === undefined) {
        if (!connection.closed) await new Promise<void>((resolve) => connection.onReadable(resolve));
        continue;
      }
      connection.handover.events(chunk);
      const { events } = chunk;
      for (const [index, event] of events.entries()) {
        connection.handover.event(index + 1 === events.length);
        yield event;
        // The events of a chunk are its parts: those that are left may have to be withheld.
        if (connection.cutOff()) return undefined;
      }
    }
    return undefined;
  }
}
