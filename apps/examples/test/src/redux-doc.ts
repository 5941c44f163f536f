// What docs/redux.md shows beside the example express-dashboard. redux-doc.test.ts runs it.
import { createStateStream, type StateSource } from "@statestream/core";
import { createStore } from "zustand/vanilla";

type Bears = { count: number; add: () => void };

export const bears = createStore<Bears>((set) => ({ count: 0, add: () => set(({ count }) => ({ count: count + 1 })) }));
export const bearStream = createStateStream({ source: bears, slices: ["count"] });

/** A store that mutates its state in place. */
class Game implements StateSource<{ ball: { x: number } }> {
  readonly #state = { ball: { x: 0 } };
  readonly #listeners = new Set<() => void>();

  getState(): { ball: { x: number } } {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tick(): void {
    this.#state.ball.x += 1;
    for (const listener of this.#listeners) listener();
  }
}

export const game = new Game();

export const gameStream = createStateStream({ source: game, snapshots: "copy" });
