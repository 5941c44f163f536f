import { partOf, tagsOfParts } from "./slots.ts";

/**
 * The names of keys and channels in Redis. The braces put all names of a stream into one slot of a cluster, whatever its key looks
 * like. Channels are shared by all databases of a server, so they have the number of the database where that is not 0.
 */
export class Names {
  readonly #prefix: string;
  readonly #database: string;

  constructor(prefix: string, database: number) {
    this.#prefix = prefix;
    this.#database = database === 0 ? "" : `:${database}`;
  }

  meta(key: string): string {
    return this.#name(key, "m");
  }

  /** Meta, log and checkpoint. */
  keys(key: string): string[] {
    return [this.meta(key), this.#name(key, "l"), this.#name(key, "s")];
  }

  /** The key that remembers the ID of an update or a command. */
  id(key: string, id: string): string {
    return `${this.#name(key, "i")}:${encoded(id)}`;
  }

  /** The channel of a stream's commits. */
  channel(key: string): string {
    return this.box(key, "c");
  }

  /** The channel of a box. */
  box(key: string, box: string): string {
    return this.#name(key, box) + this.#database;
  }

  /** A key that is never used, and channel, for each part of a cluster's slots. */
  probes(id: string): string[] {
    return tagsOfParts().map((tag) => `${this.#prefix}:probe:{${tag}}:${id}`);
  }

  /** The part of a cluster's slots that a stream is in. */
  partOf(key: string): number {
    return partOf(encoded(key));
  }

  #name(key: string, part: string): string {
    return `${this.#prefix}:{${encoded(key)}}:${part}`;
  }
}

/** Keys and IDs come from requests, so half of a surrogate pair, which cannot be encoded, must not throw. */
function encoded(text: string): string {
  // An empty hash tag is none.
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, "\ufffd")) || "%";
}
