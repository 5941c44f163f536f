import { Audience, type AudienceContext } from "./audience.ts";
import { type Terms, termsKey } from "./terms.ts";

const NONE: ReadonlySet<Audience> = new Set();

/** The audiences that have connections. */
export class Audiences implements Iterable<Audience> {
  readonly #context: AudienceContext;
  readonly #byKey = new Map<string, Audience>();
  readonly #all = new Set<Audience>();
  /** The audiences that select a slice by name. */
  readonly #bySlice = new Map<string, Set<Audience>>();

  constructor(context: AudienceContext) {
    this.#context = context;
  }

  [Symbol.iterator](): Iterator<Audience> {
    return this.#byKey.values();
  }

  /** The audience of these terms. A new one is not in the list yet. */
  of(terms: Terms): Audience {
    return this.#byKey.get(termsKey(terms)) ?? new Audience(terms, this.#context);
  }

  /** The audiences that select everything. */
  get all(): ReadonlySet<Audience> {
    return this.#all;
  }

  /** The audiences that select this slice by its name. */
  selecting(slice: string): ReadonlySet<Audience> {
    return this.#bySlice.get(slice) ?? NONE;
  }

  add(audience: Audience): void {
    this.#byKey.set(audience.key, audience);
    if (audience.names === undefined) this.#all.add(audience);
    for (const name of audience.names ?? []) {
      this.#bySlice.set(name, (this.#bySlice.get(name) ?? new Set()).add(audience));
    }
  }

  delete(audience: Audience): void {
    this.#byKey.delete(audience.key);
    this.#all.delete(audience);
    for (const name of audience.names ?? []) {
      const audiences = this.#bySlice.get(name);
      audiences?.delete(audience);
      if (audiences?.size === 0) this.#bySlice.delete(name);
    }
  }
}
