import { createStateClient, type StateClient, type StateClientError } from "@statestream/client";
import type { StateEvent } from "@statestream/core";
import type { ChaosClient, ClientReport } from "./clients.ts";
import type { Log } from "./log.ts";
import { type ChaosState, hashOf } from "./state.ts";

/** What a client tells of when the server gave it something that it could not go on from. */
const MISFITS: ReadonlySet<string> = new Set(["resync", "protocol", "diverged"]);

/** A client of `@statestream/client` that writes down what it is told, and what it makes of it. */
export class LibraryClient implements ChaosClient {
  readonly #name: string;
  readonly #url: string;
  readonly #log: Log;
  #client: StateClient<ChaosState | undefined>;
  #connection = 0;
  #node = "";
  #request = new AbortController();
  #drops = 0;

  constructor(name: string, url: string, log: Log) {
    this.#name = name;
    this.#url = url;
    this.#log = log;
    this.#client = this.#create(undefined);
  }

  /** Every second time as a page does that is loaded again, with the state it has kept. */
  drop(): void {
    const state = this.#client.getState();
    const { eventId } = this.#client.getStatus();
    if (this.#drops++ % 2 === 0 || state === undefined || eventId === undefined) {
      this.#request.abort();
      return;
    }
    this.#client.close();
    this.#client = this.#create({ state, eventId });
  }

  report(): ClientReport {
    const state = this.#client.getState();
    return {
      name: this.#name,
      eventId: this.#client.getStatus().eventId,
      hash: state === undefined ? undefined : hashOf(state),
    };
  }

  #create(initial: { state: ChaosState; eventId: string } | undefined): StateClient<ChaosState | undefined> {
    const options = {
      fetch: (input: string | URL | Request, init: RequestInit | undefined) => this.#fetch(input, init ?? {}),
      onEvent: (event: StateEvent, { id }: { id: string | undefined }) => this.#event(event, id),
      onError: (error: StateClientError) => this.#failed(error),
    };
    const client: StateClient<ChaosState | undefined> =
      initial === undefined
        ? createStateClient<ChaosState>(this.#url, options)
        : createStateClient<ChaosState>(this.#url, { ...options, initial });
    client.subscribe(() => {
      const { status, error } = client.getStatus();
      if (status !== "closed" || error === undefined) return;
      this.#log.write({ kind: "gave-up", client: this.#name, why: String(error) });
    });
    return client;
  }

  async #fetch(input: string | URL | Request, init: RequestInit): Promise<Response> {
    this.#request = new AbortController();
    const connection = ++this.#connection;
    const signals = [this.#request.signal, ...(init.signal ? [init.signal] : [])];
    const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
    this.#node = response.headers.get("x-node") ?? "";
    const from = new Headers(init.headers).get("last-event-id") ?? undefined;
    this.#log.write({ kind: "open", client: this.#name, connection, node: this.#node, from });
    return response;
  }

  #event(event: StateEvent, id: string | undefined): void {
    this.#log.write({
      kind: "event",
      client: this.#name,
      connection: this.#connection,
      node: this.#node,
      type: event.type,
      id,
      reason: "reason" in event ? event.reason : undefined,
      stale: "stale" in event ? event.stale : undefined,
      hash: hashOf(this.#client.getState()),
    });
  }

  #failed(error: StateClientError): void {
    const misfit = MISFITS.has(error.code);
    this.#log.write({
      kind: "ended",
      client: this.#name,
      connection: this.#connection,
      why: `${error.code}: ${error.message}`,
      misfit,
    });
  }
}
