import type { Json } from "@statestream/core";
import type { Entry, Fact } from "../../src/facts.ts";
import type { Entered } from "../../src/log.ts";
import { hashOf } from "../../src/state.ts";

type State = Record<string, Json>;

/** The epochs of two sessions. */
export const E1 = "sessionone1";
export const E2 = "sessiontwo2";

export const idOf = (epoch: string, seq: number): string => `${epoch}.${seq.toString(36)}`;

/** What `n` is at seq `n`. */
export const stateAt = (n: number, name = "n"): State => ({ [name]: n });

const checkpointBody = (state: State): string => JSON.stringify({ start: {}, slices: Object.entries(state) });

/** An entry of one event, that sets the counter. */
export function entry(epoch: string, previous: string, seq: number, value: number = seq): Entry {
  const event = { type: "state.update", slice: "n", seq, base: seq - 1, value };
  return { epoch, previous, first: seq, last: seq, body: `0\n${JSON.stringify(event)}` };
}

/** A run by hand: facts with their time and place, by default one every 100 ms. */
export class Story {
  readonly facts: Entered[] = [];
  t = 0;
  #calls = 0;

  add(who: string, fact: Fact, after = 100): this {
    this.t += after;
    this.facts.push({ t: this.t, who, ...fact });
    return this;
  }

  /** Lets time pass. */
  wait(ms: number): this {
    this.t += ms;
    return this;
  }

  start(): this {
    return this.add("rig", { kind: "started", seed: 1, seconds: 1, clients: 1, heartbeatMs: 1000 });
  }

  install(who: string, owner: string, epoch: string, seq: number, state: State = stateAt(seq)): this {
    const call = ++this.#calls;
    const checkpoint = { position: { epoch, seq }, body: checkpointBody(state) };
    this.add(who, { kind: "install", call, owner, entries: [], checkpoint });
    return this.add(who, { kind: "reply", call, status: "ok" });
  }

  acquire(who: string, owner: string): this {
    const call = ++this.#calls;
    this.add(who, { kind: "acquire", call, owner });
    return this.add(who, { kind: "reply", call, status: "ok" });
  }

  publish(who: string, owner: string, entries: readonly Entry[], status = "ok"): this {
    const call = ++this.#calls;
    this.add(who, { kind: "publish", call, owner, entries });
    return this.add(who, { kind: "reply", call, status });
  }

  open(client: string, connection: number, from: string | undefined, node = "node-1"): this {
    return this.add("clients", { kind: "open", client, connection, node, from });
  }

  /** An event, by default with the state that belongs to its seq. */
  event(
    client: string,
    connection: number,
    type: "state.initial" | "state.update" | "heartbeat",
    id: string,
    more: { reason?: string; stale?: true; hash?: string; node?: string } = {},
  ): this {
    const seq = Number.parseInt(id.split(".")[1] as string, 36);
    const { reason, stale, hash = hashOf(stateAt(seq)), node = "node-1" } = more;
    return this.add("clients", { kind: "event", client, connection, node, type, id, reason, stale, hash });
  }

  /** The end: what Redis holds, and where everybody is. */
  end(epoch: string, seq: number, at: { id?: string; hash?: string } = {}): this {
    const { id = idOf(epoch, seq), hash = hashOf(stateAt(seq)) } = at;
    this.add("rig", { kind: "idle" });
    this.add("rig", { kind: "final", what: "client", name: "client-1", eventId: id, hash, afterMs: 300 });
    return this.add("rig", {
      kind: "engine",
      head: { epoch, seq },
      entries: [],
      checkpoint: undefined,
      channels: { "chaos:{board}:c": 5 },
    });
  }
}

/** Two changes, and a client that sees both. Nothing is wrong. */
export function healthy(): Story {
  return new Story()
    .start()
    .install("writer-1", "owner-1", E1, 0)
    .open("client-1", 1, undefined)
    .event("client-1", 1, "state.initial", idOf(E1, 0), { reason: "connect" })
    .publish("writer-1", "owner-1", [entry(E1, E1, 1)])
    .event("client-1", 1, "state.update", idOf(E1, 1))
    .publish("writer-1", "owner-1", [entry(E1, E1, 2)])
    .event("client-1", 1, "state.update", idOf(E1, 2));
}
