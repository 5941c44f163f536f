import type { Json } from "../json/types.ts";
import { growText, jsonText, utf8Length } from "../json/json-text.ts";
import { isAtLeast } from "../json/size.ts";
import { addedText } from "../json/text-growth.ts";

/** Thrown when the value must be sent: it costs less than the operations, or they cannot express the change. */
export const GIVE_UP: Error = new Error("The value is sent instead");

/** A patch up to this size, in bytes of JSON, is sent even if the value is smaller. See "state.update" in PROTOCOL.md. */
export const SMALL_PATCH_BYTES = 512;

/**
 * What a client pays to apply an operation that shifts rows, in bytes of a value that it could parse in the same time: for
 * the operation, and for each row behind it. `pnpm bench apply` measures both.
 */
const SHIFT_BYTES = 300;
const SHIFTED_ROW_BYTES = 0.2;

/** How much slower than the value a patch may be applied. */
const MAX_SLOWDOWN = 1.5;

/** Shifts up to this cost are not counted: they take about a tenth of a millisecond. */
const FREE_SHIFT_BYTES = 16 * 1024;

/** A member's name or a row's index. */
export type Step = string | number;

/** The place of a container. Its path is built only for an operation, and then shared by all operations inside it. */
export class Place {
  readonly parent: Place | undefined;
  readonly step: Step;
  path: string | undefined;
  /** The approximate number of rows of an array. */
  rows = 0;

  constructor(parent: Place | undefined, step: Step) {
    this.parent = parent;
    this.step = step;
    this.path = parent === undefined ? "" : undefined;
  }
}

/**
 * Writes the operations of a walk as the JSON text that is sent. Gives up where they cost more than the value, and where
 * one would name a member that appliers refuse.
 */
export class PatchWriter {
  /** A lower bound of the value's bytes of JSON, from the parts that the walk has seen. */
  valueBytes = 0;
  /** Whether every operation adds a row or a member that was not there. */
  additive = true;
  /** The value's JSON, where its size had to be known. */
  valueText: string | undefined;
  /** Whether one of the operations is an `append`. */
  appends = false;
  readonly #after: Json;
  readonly #mayAppend: boolean;
  /** The JSON Patch without its closing bracket; empty when nothing changed. */
  #text = "";
  /** How long the patch may become before the value's size is checked again. */
  #limit = SMALL_PATCH_BYTES;
  /** The cost of the operations so far that shift rows. */
  #shifts = 0;
  /** The last name that needed no escaping: in a list of records the same names mostly repeat. */
  #plain = "";

  constructor(after: Json, mayAppend = false) {
    this.#after = after;
    this.#mayAppend = mayAppend;
  }

  /** The JSON Patch; empty when nothing changed. */
  get text(): string {
    return this.#text === "" ? "" : `${this.#text}]`;
  }

  replace(parent: Place, step: Step, value: Json): void {
    this.additive = false;
    this.#put(`{"op":"replace","path":"${this.#path(parent, step)}","value":${textOf(value)}}`);
  }

  /** Appends the text that a string grew by; returns whether it only grew, and `append` is possible. */
  append(parent: Place, step: Step, value: string, old: string): boolean {
    const added = this.#mayAppend ? addedText(old, value) : undefined;
    if (added === undefined) return false;
    this.appends = true;
    this.#put(`{"op":"append","path":"${this.#path(parent, step)}","value":${JSON.stringify(added)}}`);
    return true;
  }

  /** Replaces a string by another. The JSON of long strings is cached by the objects that hold them. */
  replaceText(parent: Place, name: string, value: string, holder: object, old: string, oldHolder: object): void {
    this.additive = false;
    const json = growText(holder, value, oldHolder, old);
    this.#put(`{"op":"replace","path":"${this.#path(parent, name)}","value":${json}}`);
  }

  add(parent: Place, step: Step, value: Json): void {
    if (typeof step === "number") this.#shift(parent.rows - step);
    this.#put(`{"op":"add","path":"${this.#path(parent, step)}","value":${textOf(value)}}`);
  }

  remove(parent: Place, step: Step): void {
    this.additive = false;
    if (typeof step === "number") this.#shift(parent.rows - step);
    this.#put(`{"op":"remove","path":"${this.#path(parent, step)}"}`);
  }

  move(parent: Place, from: number, to: number): void {
    this.additive = false;
    this.#shift(2 * parent.rows - from - to);
    this.#put(`{"op":"move","from":"${this.#path(parent, from)}","path":"${this.#path(parent, to)}"}`);
  }

  /** Counts the cost of shifting so many rows, so that applying a sorted list is never slower than parsing a new one. */
  #shift(rows: number): void {
    this.#shifts += SHIFT_BYTES + rows * SHIFTED_ROW_BYTES;
    if (this.#shifts > FREE_SHIFT_BYTES) this.#spend(this.#shifts / MAX_SLOWDOWN);
  }

  #path(parent: Place, step: Step): string {
    return `${parent.path ?? this.#pathTo(parent)}/${this.#stepText(parent, step)}`;
  }

  /** Cached for this place only, so that a deep place costs only its own path. */
  #pathTo(place: Place): string {
    const steps: string[] = [];
    let at = place;
    for (; at.path === undefined; at = at.parent as Place) steps.push(this.#stepText(at.parent as Place, at.step));
    let path = at.path;
    for (let index = steps.length - 1; index >= 0; index--) path += `/${steps[index]}`;
    place.path = path;
    return path;
  }

  /** A step as it is written in the JSON text of a path. */
  #stepText(parent: Place, step: Step): string {
    if (typeof step === "number") return String(step);
    if (step === "__proto__" || (step === "prototype" && parent.step === "constructor")) throw GIVE_UP;
    if (step === this.#plain) return step;
    if (!isPlain(step)) return JSON.stringify(escape(step)).slice(1, -1);
    this.#plain = step;
    return step;
  }

  #put(operation: string): void {
    this.#text = this.#text === "" ? `[${operation}` : `${this.#text},${operation}`;
    this.#spend(this.#text.length);
  }

  #spend(bytes: number): void {
    if (bytes > this.#limit && bytes > this.valueBytes) this.#compare(bytes);
  }

  /** Gives up if the patch, which costs at least so many bytes, costs more than the value. */
  #compare(bytes: number): void {
    if (this.valueText === undefined) {
      // Measures further than needed, so that all measurements together cost little more than the last one.
      if (isAtLeast(this.#after, 4 * bytes)) {
        this.#limit = 4 * bytes;
        return;
      }
      this.valueText = jsonText(this.#after);
      this.#limit = Math.max(SMALL_PATCH_BYTES, utf8Length(this.valueText));
    }
    if (bytes > this.#limit) throw GIVE_UP;
  }
}

function textOf(value: Json): string {
  // The same as JSON.stringify, but faster.
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

const QUOTE = 0x22;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const TILDE = 0x7e;

/** Whether a step needs no escaping, in a path nor in JSON. Names are short: a regular expression would take longer. */
function isPlain(step: string): boolean {
  for (let index = 0; index < step.length; index++) {
    const unit = step.charCodeAt(index);
    if (unit < 0x20 || unit >= 0xd800 || unit === QUOTE || unit === SLASH || unit === BACKSLASH || unit === TILDE)
      return false;
  }
  return true;
}

function escape(step: string): string {
  return step.includes("~") || step.includes("/") ? step.replaceAll("~", "~0").replaceAll("/", "~1") : step;
}
