import type { StateEvent } from "@statestream/core";
import type { Log } from "./log.ts";
import { hashOf } from "./state.ts";

/** Writes down what one client receives, and on which connection and node. */
export class ClientLog {
  readonly #client: string;
  readonly #log: Log;
  #connection = 0;
  #node = "";

  constructor(client: string, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  /** A request is sent. Returns the number of its connection. */
  connecting(): number {
    return ++this.#connection;
  }

  /** The response of that connection has started; `from` is the event ID that the request sent. */
  opened(connection: number, node: string, from: string | undefined): void {
    this.#node = node;
    this.#log.write({ kind: "open", client: this.#client, connection, node, from });
  }

  /** An event arrived; `state` is the client's copy with it. */
  event(event: StateEvent, id: string | undefined, state: object | undefined): void {
    this.#log.write({
      kind: "event",
      client: this.#client,
      connection: this.#connection,
      node: this.#node,
      type: event.type,
      id,
      reason: "reason" in event ? event.reason : undefined,
      stale: "stale" in event ? event.stale : undefined,
      hash: state === undefined ? undefined : hashOf(state),
    });
  }

  /** The client gave up this connection. `misfit`: an event did not apply to its copy. */
  ended(why: string, misfit: boolean): void {
    this.#log.write({ kind: "ended", client: this.#client, connection: this.#connection, why, misfit });
  }

  /** The client will not reconnect. */
  gaveUp(why: string): void {
    this.#log.write({ kind: "gave-up", client: this.#client, why });
  }
}
