import { netDifference } from "../diff/net.ts";
import type { Json, Operation } from "../json/types.ts";
import type { Entry } from "../log/entry.ts";
import { textOfUpdate, updateBody } from "../protocol/frame.ts";

/** How many bytes of net events are kept for other audiences. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The state that the log has reached, slice by slice. */
export interface HeadState {
  /** The slice's value; `undefined` where it is absent. */
  json(slice: string): Json | undefined;
  /** The slice's JSON text; `undefined` where it is absent or cannot be read, which was reported. */
  text(slice: string): string | undefined;
}

/** What an update's body says, as far as a net event needs it. */
interface Update {
  readonly patches?: readonly Operation[];
  readonly cause?: unknown;
}

/** Makes the events that stand for several of one slice, and keeps them for every audience that needs the same. */
export class NetEvents {
  readonly #state: HeadState;
  readonly #bodies = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(state: HeadState) {
    this.#state = state;
  }

  /**
   * The body of the event that stands for these, the last of which is the slice's newest and not its removal. `undefined`
   * where the slice cannot be read, since the application mutated its value in place.
   */
  body(entries: readonly Entry[], strict: boolean): Uint8Array | undefined {
    const [first, last] = [entries[0] as Entry, entries.at(-1) as Entry];
    // The log has one event per seq, so these two name the slice, and say which state of it the event leads to.
    const key = `${first.seq} ${last.seq} ${strict}`;
    const known = this.#bodies.get(key);
    if (known !== undefined) return known;
    const updates = entries.map(({ body }) => JSON.parse(textOfUpdate(body)) as Update);
    const member = this.#member(last.slice, updates, strict);
    if (member === undefined) return undefined;
    // An event that is only written in another dialect is still the one that its cause made.
    const cause = updates.length === 1 ? JSON.stringify(updates[0]?.cause) : undefined;
    const body = updateBody(last.slice, last.seq, first.base, member, cause);
    this.#keep(key, body);
    return body;
  }

  /** Drops what is kept: the log was replaced, or nobody may need it any more. */
  clear(): void {
    this.#bodies.clear();
    this.#bytes = 0;
  }

  #member(slice: string, updates: readonly Update[], strict: boolean): string | undefined {
    const patches = updates.map((update) => update.patches);
    try {
      const after = this.#state.json(slice);
      if (after === undefined) return undefined;
      if (patches.every((operations) => operations !== undefined)) return netDifference(patches, after, strict).member;
    } catch {
      // The value was mutated in place and cannot be read; `text` reports that.
    }
    const text = this.#state.text(slice);
    return text && `"value":${text}`;
  }

  #keep(key: string, body: Uint8Array): void {
    if (this.#bytes + body.length > MAX_BYTES) this.clear();
    this.#bodies.set(key, body);
    this.#bytes += body.length;
  }
}
