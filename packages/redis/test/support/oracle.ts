import { isDeepStrictEqual } from "node:util";
import type { Json, Operation } from "@statestream/core";
import { applyFitting } from "../../../core/test/support/apply.ts";
import type { Checkpoint, Engine, Commit } from "../../src/cluster/engine.ts";

export type State = Readonly<Record<string, Json>>;

/** Knows which state each position names, from what writers tried to send to the engine, with an applier of its own. */
export class Oracle {
  readonly #states = new Map<string, State>();
  readonly #entries = new Map<string, string>();
  /** What was thrown at calls of writers, who would only try again. */
  violation: Error | undefined;

  /** An engine whose writers are listened to. */
  overhear(engine: Engine): Engine {
    const note = (entries: readonly Commit[], checkpoint: Checkpoint | undefined): void => {
      try {
        for (const entry of entries) this.#learn(entry);
        if (checkpoint !== undefined) this.#check(checkpoint);
      } catch (error) {
        this.violation ??= error as Error;
      }
    };
    return new Proxy(engine, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          const [, request] = args as Parameters<Engine["publish"]>;
          if (name === "publish" || name === "install") note(request.entries, request.checkpoint);
          return Reflect.apply(member, target, args);
        };
      },
    });
  }

  stateAt(epoch: string, seq: number): State {
    const state = this.#states.get(`${epoch}.${seq}`);
    if (state === undefined) throw new Error(`I1: nobody ever wrote ${epoch}.${seq}`);
    return state;
  }

  #learn({ epoch, previous, first, last, body }: Commit): void {
    const name = `${epoch}.${first}`;
    const text = `${previous} ${last} ${body}`;
    const known = this.#entries.get(name);
    if (known === text) return;
    if (known !== undefined) throw new Error(`I1: ${name} is ${known}, and then ${text}`);
    this.#entries.set(name, text);
    let state = this.stateAt(previous, first - 1);
    const [, ...lines] = body.split("\n");
    for (const [index, line] of lines.entries()) {
      state = after(state, JSON.parse(line.replace(/^!/, "")) as Sent);
      this.#name(epoch, first + index, state);
    }
    if (lines.length !== last - first + 1) throw new Error(`I1: ${name} has ${lines.length} events up to ${last}`);
  }

  #check({ position: { epoch, seq }, body }: Checkpoint): void {
    const { slices } = JSON.parse(body) as { slices: [string, Json][] };
    const state = Object.fromEntries(slices);
    if (seq > 0) this.stateAt(epoch, seq);
    this.#name(epoch, seq, state);
  }

  #name(epoch: string, seq: number, state: State): void {
    const name = `${epoch}.${seq}`;
    const known = this.#states.get(name);
    if (known !== undefined && !isDeepStrictEqual(known, state))
      throw new Error(`I1: ${name} is ${JSON.stringify(known)}, and then ${JSON.stringify(state)}`);
    this.#states.set(name, state);
  }
}

export interface Sent {
  readonly slice: string;
  readonly patches?: readonly Operation[];
  readonly value?: Json;
  readonly removed?: true;
}

/** The state after an event, by the protocol. */
export function after(state: State, { slice, patches, value, removed }: Sent): State {
  const { [slice]: before, ...others } = state;
  if (removed) return others;
  if (patches === undefined) return { ...others, [slice]: value as Json };
  if (before === undefined) throw new Error(`I2: patches of slice ${slice}, which is not there`);
  return { ...others, [slice]: applyFitting(before, patches) };
}
