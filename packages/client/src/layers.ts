/** A change of the application's own. It makes a new state, and mutates nothing. */
export type Recipe<S> = (state: S) => S;

interface Layer<S> {
  readonly recipe: Recipe<S>;
  /** It threw before, and that was reported. */
  failed: boolean;
}

/** Changes of the application's own that the server has not confirmed yet: shown over the server's state, oldest first. */
export class Layers<S extends object> {
  readonly #layers = new Set<Layer<S>>();
  readonly #onFailure: (cause: unknown) => void;
  #base: S | undefined;
  #shown: S | undefined;

  constructor(onFailure: (cause: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /**
   * Adds a layer. The function returned removes it, and returns whether it was there.
   *
   * @throws what the recipe throws
   */
  add(recipe: Recipe<S>, base: S | undefined): () => boolean {
    const below = this.over(base);
    if (below !== undefined) this.#shown = apply(recipe, below);
    this.#base = base;
    const layer = { recipe, failed: false };
    this.#layers.add(layer);
    return () => {
      const wasThere = this.#layers.delete(layer);
      if (wasThere) this.#base = undefined;
      return wasThere;
    };
  }

  clear(): void {
    this.#layers.clear();
  }

  /** The state with all layers over it; the same object until one of them changes. */
  over(base: S | undefined): S | undefined {
    if (base === undefined || this.#layers.size === 0) return base;
    if (base !== this.#base) {
      this.#base = base;
      this.#shown = [...this.#layers].reduce<S>((state, layer) => this.#replay(state, layer), base);
    }
    return this.#shown;
  }

  #replay(state: S, layer: Layer<S>): S {
    try {
      return apply(layer.recipe, state);
    } catch (cause) {
      // What it changes may be gone by now: the others are shown without it.
      if (!layer.failed) this.#onFailure(cause);
      layer.failed = true;
      return state;
    }
  }
}

function apply<S>(recipe: Recipe<S>, state: S): S {
  const after = recipe(state);
  if (after === undefined) throw new TypeError("The recipe of an optimistic change returned undefined, not a state.");
  return after;
}
