import { isDeepStrictEqual } from "node:util";
import type { Json, StateEvent } from "@statestream/core";
import { applyOperations } from "@statestream/core/patch";
import { createParser, type EventSourceParser } from "eventsource-parser";
import { until } from "../measure/clock.ts";
import { type Client, openClient } from "./client.ts";
import { Follower } from "./follower.ts";

/**
 * The one client among many that keeps the whole state, by the rules of PROTOCOL.md, so that it can be compared. It works
 * only on request: applying patches is not part of the measurement.
 */
export class Witness {
  readonly follower: Follower;
  readonly #state: Map<string, Json> = new Map();
  readonly #client: Client;
  readonly #parser: EventSourceParser;
  readonly #decoder = new TextDecoder();
  #unread: Buffer[] = [];
  #seq: number;

  /** `start` is the state to begin with where the server sends no snapshot. */
  constructor(port: number, start?: Readonly<Record<string, Json>>) {
    this.#seq = start === undefined ? -1 : 0;
    this.follower = new Follower(undefined, this.#seq);
    for (const [slice, value] of Object.entries(start ?? {})) this.#state.set(slice, value);
    this.#parser = createParser({ onEvent: ({ data }) => this.#apply(JSON.parse(data) as StateEvent) });
    this.#client = openClient(port, (body) => {
      this.follower.take(body);
      this.#unread.push(Buffer.from(body));
    });
  }

  /** Says what is wrong with the state that this client should be on by now. */
  async compare(expected: Readonly<Record<string, Json>>, seq: number, ms = 10_000): Promise<string | undefined> {
    if (!(await until(() => this.follower.seq === seq, ms))) return "a client is not on the last state";
    try {
      for (const bytes of this.#unread) this.#parser.feed(this.#decoder.decode(bytes, { stream: true }));
      this.#unread = [];
    } catch (error) {
      return `a client cannot follow: ${String(error)}`;
    }
    return isDeepStrictEqual(Object.fromEntries(this.#state), expected) ? undefined : "a client has another state";
  }

  leave(): void {
    this.#client.socket.destroy();
  }

  #apply(event: StateEvent): void {
    if (event.type === "state.initial") {
      this.#state.clear();
      for (const [slice, value] of Object.entries(event.slices)) this.#state.set(slice, value);
      this.#seq = event.seq;
    }
    if (event.type !== "state.update") return;
    const { slice, seq, base, patches, value } = event;
    if (base > this.#seq) throw new Error(`a gap from ${this.#seq} to ${base}`);
    if (value !== undefined) this.#state.set(slice, value);
    else if (patches === undefined) this.#state.delete(slice);
    else this.#state.set(slice, applyOperations(this.#state.get(slice) as Json, patches, slice));
    this.#seq = seq;
  }
}
