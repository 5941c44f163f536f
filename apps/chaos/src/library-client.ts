import { createStateClient, type DeepReadonly, type StateClient, type StateClientError } from "@statestream/client";
import type { StateEvent } from "@statestream/core";
import type { ChaosClient, ClientReport } from "./clients.ts";
import { ClientLog } from "./client-log.ts";
import type { Log } from "./log.ts";
import { type ChaosState, hashOf } from "./state.ts";

type Copy = DeepReadonly<ChaosState>;

/** Codes of errors that say that an event did not apply to the copy. */
const MISFITS: ReadonlySet<string> = new Set(["resync", "protocol", "diverged"]);

/** A client of `@statestream/client` that writes down what it receives, and its copy after each event. */
export class LibraryClient implements ChaosClient {
  readonly #name: string;
  readonly #url: string;
  readonly #log: ClientLog;
  #client: StateClient<Copy | undefined>;
  #request = new AbortController();
  #drops = 0;

  constructor(name: string, url: string, log: Log) {
    this.#name = name;
    this.#url = url;
    this.#log = new ClientLog(name, log);
    this.#client = this.#create(undefined);
  }

  /** Every second time it behaves as a reloaded page does, which starts from the state it has kept. */
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

  #create(initial: { state: Copy; eventId: string } | undefined): StateClient<Copy | undefined> {
    const options = {
      fetch: (input: string | URL | Request, init: RequestInit | undefined) => this.#fetch(input, init ?? {}),
      onEvent: (event: StateEvent, { id }: { id: string | undefined }) =>
        this.#log.event(event, id, this.#client.getState()),
      onError: (error: StateClientError) => this.#log.ended(`${error.code}: ${error.message}`, MISFITS.has(error.code)),
    };
    const client: StateClient<Copy | undefined> =
      initial === undefined
        ? createStateClient<Copy>(this.#url, options)
        : createStateClient<Copy>(this.#url, { ...options, initial });
    client.subscribe(() => {
      const { status, error } = client.getStatus();
      if (status !== "closed" || error === undefined) return;
      this.#log.gaveUp(String(error));
    });
    return client;
  }

  async #fetch(input: string | URL | Request, init: RequestInit): Promise<Response> {
    this.#request = new AbortController();
    const connection = this.#log.connecting();
    const signals = [this.#request.signal, ...(init.signal ? [init.signal] : [])];
    const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
    const from = new Headers(init.headers).get("last-event-id") ?? undefined;
    this.#log.opened(connection, response.headers.get("x-node") ?? "", from);
    return response;
  }
}
