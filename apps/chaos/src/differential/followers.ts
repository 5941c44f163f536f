import { createStateClient, type DeepReadonly, type StateClient, type StateClientError } from "@statestream/client";
import type { Json, StateEvent } from "@statestream/core";
import { PlainReplica } from "../plain-replica.ts";
import { PlainEventSource } from "./event-source.ts";

type Copy = DeepReadonly<Record<string, Json>>;

/** Something that follows a stream, by our code or by none of it. */
export interface Follower {
  readonly name: string;
  /** The slices it asked for; `undefined` for all. */
  readonly slices: readonly string[] | undefined;
  readonly state: Copy | undefined;
  /** Leaves and comes back with what it had, or with what it had earlier. */
  reload(): void;
  close(): void;
}

/** Is called with each event after it was applied, and with what must never happen. */
export interface Watcher {
  event(follower: Follower, event: StateEvent, id: string | undefined): void;
  fault(follower: Follower, what: string): void;
}

/** Errors that only a cut connection may cause. */
const EXPECTED: ReadonlySet<string> = new Set(["network", "timeout"]);

/** How many connections a client may lose before it is reloaded: it would back off for longer than a round takes. */
const MAX_LOSSES = 2;

/** Our client. */
export class LibraryFollower implements Follower {
  readonly name: string;
  readonly slices: readonly string[] | undefined;
  readonly #url: string;
  readonly #watcher: Watcher;
  /** What a page may have kept of earlier visits. */
  #kept: { readonly state: Copy; readonly eventId: string } | undefined;
  #client: StateClient<Copy | undefined>;
  #losses = 0;

  constructor(name: string, url: string, slices: readonly string[] | undefined, watcher: Watcher) {
    this.name = name;
    this.slices = slices;
    this.#url = url;
    this.#watcher = watcher;
    this.#client = this.#create();
  }

  get state(): Copy | undefined {
    return this.#client.getState();
  }

  reload(): void {
    const { eventId } = this.#client.getStatus();
    const state = this.#client.getState();
    this.close();
    this.#client = this.#create(this.#kept);
    if (state !== undefined && eventId !== undefined) this.#kept = { state, eventId };
  }

  close(): void {
    this.#client.close();
  }

  #create(initial?: { readonly state: Copy; readonly eventId: string }): StateClient<Copy | undefined> {
    this.#losses = 0;
    const options = {
      ...(this.slices && { slices: this.slices }),
      onEvent: (event: StateEvent, { id }: { id: string | undefined }) => this.#watcher.event(this, event, id),
      onError: (error: StateClientError) => this.#failed(error),
    };
    return initial === undefined
      ? createStateClient<Copy>(this.#url, options)
      : createStateClient<Copy>(this.#url, { ...options, initial });
  }

  #failed(error: StateClientError): void {
    if (!EXPECTED.has(error.code)) return this.#watcher.fault(this, `${error.code}: ${error.message}`);
    const client = this.#client;
    if (++this.#losses < MAX_LOSSES) return;
    setImmediate(() => {
      if (this.#client === client && client.getStatus().status !== "closed") this.reload();
    });
  }
}

/** An EventSource and an applier of JSON Patch, by the words of PROTOCOL.md. */
export class PlainFollower implements Follower {
  readonly name: string;
  readonly slices: readonly string[] | undefined;
  readonly #url: string;
  readonly #watcher: Watcher;
  readonly #replica = new PlainReplica();
  #source: PlainEventSource;

  constructor(name: string, url: string, slices: readonly string[] | undefined, watcher: Watcher) {
    this.name = name;
    this.slices = slices;
    this.#url = url;
    this.#watcher = watcher;
    this.#source = this.#open();
  }

  get state(): Copy | undefined {
    if (this.#source.failed !== undefined) this.#watcher.fault(this, this.#source.failed);
    return this.#replica.state;
  }

  /** An EventSource cannot be given an ID: it starts without one. */
  reload(): void {
    this.close();
    this.#source = this.#open();
  }

  close(): void {
    this.#source.close();
  }

  #open(): PlainEventSource {
    const query = this.slices?.map((name) => `slices=${encodeURIComponent(name)}`).join("&");
    const url = query === undefined ? this.#url : `${this.#url}?${query}`;
    return new PlainEventSource(
      url,
      (lastEventId) => {
        // What an EventSource sends is the ID of the last event, whatever the replica made of it.
        this.#replica.eventId = lastEventId === "" ? undefined : lastEventId;
        this.#replica.begin({ append: false });
      },
      (_type, data, id) => {
        const event = JSON.parse(data) as StateEvent;
        const misfit = this.#replica.take(event, id);
        if (misfit !== undefined) this.#watcher.fault(this, misfit);
        this.#watcher.event(this, event, id);
      },
    );
  }
}
