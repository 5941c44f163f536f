import { type Changed, type Held, heldObject, Overlay } from "../json/held.ts";
import { checkDepth, isObject, isPlain, isSettled, jsonAt, ownMember } from "../json/json.ts";
import { countMembers, MANY_MEMBERS, rememberCount, rememberedCount } from "../json/member-count.ts";
import type { Json } from "../json/types.ts";
import { type PatchWriter, Place, type Step } from "./patch-writer.ts";
import { newSpare, type Spare } from "./edit-runs.ts";
import { diffList } from "./rows.ts";

type Members = { readonly [key: string]: unknown };

/** How many bytes of JSON a member has at least, beside its name. */
const MEMBER_BYTES = 5;

/**
 * A walk over what is held of a value and the next value. It finds what JSON carries of the next one, and writes what differs.
 * What both share by identity is not walked. No value may inherit enumerable members.
 */
export class Walk {
  readonly writer: PatchWriter;
  readonly rowIds: readonly string[];
  /** Whether the next value is JSON, so that it has to be compared only. */
  isJson: boolean;
  /** Whether nobody asks what differs. */
  readonly isSilent: boolean;
  /** How many arrays around this place compare their rows by value. */
  alignments = 0;
  /** What is left for aligning rows without ids. */
  readonly spare: Spare = newSpare();

  constructor(writer: PatchWriter, rowIds: readonly string[], isJson = false, isSilent = false) {
    this.isSilent = isSilent;
    this.writer = writer;
    this.rowIds = rowIds;
    this.isJson = isJson;
  }

  /**
   * What is held of a value in place of another; `undefined` where JSON leaves it out, which is then for the caller to write.
   * `parent`: nothing for the slice itself, of which only what differs inside is written. `depth`: how many containers it is in.
   */
  value(before: Held, value: unknown, parent: Place | undefined, step: Step, depth: number): Held | undefined {
    if (isObject(value) && isObject(before)) {
      const overlay = Overlay.is(before) ? before : undefined;
      const old: unknown = overlay === undefined ? before : overlay.raw;
      if (Array.isArray(value) === Array.isArray(old) && (this.isJson || isPlain(value))) {
        if (!this.isJson) checkDepth(depth);
        const place = new Place(parent, step);
        if (Array.isArray(value)) return diffList(before, value, place, depth + 1, this);
        return this.#members(old as Members, overlay, value as Members, place, depth + 1);
      }
    }
    const json = this.isJson ? (value as Json) : jsonAt(value, step, depth);
    if (json === value || !isObject(json)) {
      if (json !== undefined) this.write(before, json, parent, step);
    } else if (!this.isSilent) {
      // A copy that JSON made, such as that of an instance.
      this.isJson = true;
      this.value(before, json, parent, step, 0);
      this.isJson = false;
    }
    return json;
  }

  /** Writes JSON in place of what is something else, or of another kind. */
  write(before: Held, json: Json, parent: Place | undefined, step: Step): void {
    if (before === json || parent === undefined) return;
    const added = this.writer.grown(before, json);
    if (added === undefined) this.writer.put("replace", parent, step, json);
    else this.writer.put("append", parent, step, added);
  }

  #members(old: Members, overlay: Overlay | undefined, value: Members, place: Place, depth: number): Held {
    const { writer } = this;
    const known = overlay === undefined ? rememberedCount(old) : overlay.members;
    let members = 0;
    if (known !== undefined && known >= MANY_MEMBERS) {
      // Listing many members is faster than a loop over the object, which would also become slow for small ones.
      const keys = Object.keys(value);
      members = keys.length;
      writer.valueBytes += MEMBER_BYTES * members;
      for (let index = 0; index < members; index++) {
        const key = keys[index] as string;
        const item = value[key];
        const before = old[key];
        if (item !== before || !isSettled(item, key)) this.#member(old, overlay, key, before, item, place, depth);
      }
    } else {
      for (const key in value) {
        members++;
        writer.valueBytes += key.length + MEMBER_BYTES;
        const item = value[key];
        const before = old[key];
        if (item !== before || !isSettled(item, key)) this.#member(old, overlay, key, before, item, place, depth);
      }
    }
    if (overlay !== undefined) this.#carry(overlay, value, place);
    const { changed } = place;
    members -= place.leftOut;
    if ((known ?? countMembers(old)) !== members - place.added) this.#writeRemoved(old, overlay, value, place);
    if (changed !== undefined) return heldObject(value, changed, members);
    rememberCount(value, members);
    return value as { [key: string]: Json };
  }

  /** A member that differs, or may be something else in JSON. `before`: the old object's, or one of its prototype. */
  #member(
    old: Members,
    overlay: Overlay | undefined,
    key: string,
    before: unknown,
    item: unknown,
    place: Place,
    depth: number,
  ): void {
    let known: Held | undefined;
    if (overlay !== undefined) known = heldMember(overlay, key);
    // What a prototype has are functions, and itself.
    else known = isObject(before) && key !== "__proto__" ? (before as Json) : ownMember(old, key);
    let held: Held | undefined;
    if (known !== undefined) held = this.value(known, item, place, key, depth);
    else {
      held = this.isJson ? (item as Json) : jsonAt(item, key, depth);
      if (held !== undefined) {
        this.writer.put("add", place, key, held);
        place.added++;
      }
    }
    if (held === undefined || !Object.is(held, item)) this.#hold(place, key, held);
  }

  /** Holds something else than a member, or nothing. */
  #hold(place: Place, key: string, held: Held | undefined): void {
    (place.changed ??= new Map()).set(key, held);
    if (held !== undefined) return;
    place.leftOut++;
    this.writer.valueBytes -= key.length + MEMBER_BYTES;
  }

  /** What JSON carries of members that are the same object as before is the same too. */
  #carry({ raw, changed }: Overlay, value: Members, place: Place): void {
    for (const [key, held] of changed as Changed) {
      const item = Object.hasOwn(value, key) ? value[key] : undefined;
      if (isObject(item) && item === (raw as Members)[key] && place.changed?.has(key) !== true)
        this.#hold(place, key, held);
    }
  }

  #writeRemoved(old: Members, overlay: Overlay | undefined, value: Members, place: Place): void {
    for (const key in old) {
      if (overlay !== undefined && heldMember(overlay, key) === undefined) continue;
      const isLeftOut = place.changed?.has(key) === true && place.changed.get(key) === undefined;
      if (isLeftOut || !Object.hasOwn(value, key)) this.writer.put("remove", place, key);
    }
  }
}

function heldMember({ raw, changed }: Overlay, key: string): Held | undefined {
  const members = changed as Changed;
  return members.has(key) ? members.get(key) : ownMember(raw, key);
}
