import type { Json, Operation } from "../json/types.ts";
import { growText, jsonText, utf8Length } from "../json/json-text.ts";
import { isAtLeast } from "../json/json.ts";

/** Thrown when the value is to be sent instead: it costs less than the operations, or they cannot say it. */
export const GIVE_UP: Error = new Error("The value is sent instead");

/** A patch up to this is sent without asking what the value would cost. Bytes of JSON; PROTOCOL.md, "Updates". */
export const SMALL_PATCH_BYTES = 512;

/** A member's name or a row's index. */
export type Step = string | number;

/** Where a container is. Its path is only made for an operation, and shared by all inside the container. */
export class Place {
  readonly parent: Place | undefined;
  readonly step: Step;
  path: string | undefined;

  constructor(parent: Place | undefined, step: Step) {
    this.parent = parent;
    this.step = step;
    this.path = parent === undefined ? "" : undefined;
  }
}

/** Takes down operations while the walk goes on. */
export abstract class PatchWriter {
  /** What the walk has seen of the value: it has at least so many bytes of JSON. */
  valueBytes = 0;
  /** The value's JSON, where its size had to be known. */
  valueText: string | undefined;
  readonly #after: Json;
  /** What the operations may cost before the value is looked at again. */
  #limit = SMALL_PATCH_BYTES;

  constructor(after: Json) {
    this.#after = after;
  }

  abstract replace(parent: Place, step: Step, value: Json): void;
  abstract add(parent: Place, step: Step, value: Json): void;
  abstract remove(parent: Place, step: Step): void;
  abstract move(parent: Place, from: number, to: number): void;

  /** Replaces a text by another; both with the objects that hold them. */
  abstract replaceText(
    parent: Place,
    name: string,
    value: string,
    holder: object,
    old: string,
    oldHolder: object,
  ): void;

  /** A step as it stands in a path. */
  protected abstract stepText(step: string, parent: Place): string;

  protected path(parent: Place, step: Step): string {
    return `${parent.path ?? this.#pathTo(parent)}/${this.#text(parent, step)}`;
  }

  /** Kept for this place alone, so that a deep one costs what its path does. */
  #pathTo(place: Place): string {
    const steps: string[] = [];
    let at = place;
    for (; at.path === undefined; at = at.parent as Place) steps.push(this.#text(at.parent as Place, at.step));
    let path = at.path;
    for (let index = steps.length - 1; index >= 0; index--) path += `/${steps[index]}`;
    place.path = path;
    return path;
  }

  #text(parent: Place, step: Step): string {
    return typeof step === "number" ? String(step) : this.stepText(step, parent);
  }

  /** All operations cost so many bytes of JSON at least. */
  protected spend(bytes: number): void {
    if (bytes > this.#limit && bytes > this.valueBytes) this.#compare(bytes);
  }

  #compare(bytes: number): void {
    if (this.valueText === undefined) {
      // More than is asked for, so that all looks together cost little more than the last one.
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

/** What an operation costs beside its path and value, in bytes of JSON. */
const OPERATION_BYTES = 30;

/** Operations as objects, with the very values. */
export class OperationWriter extends PatchWriter {
  readonly operations: Operation[] = [];
  #bytes = 0;

  override replace(parent: Place, step: Step, value: Json): void {
    this.#put({ op: "replace", path: this.path(parent, step), value }, value);
  }

  override replaceText(parent: Place, name: string, value: string): void {
    this.replace(parent, name, value);
  }

  override add(parent: Place, step: Step, value: Json): void {
    this.#put({ op: "add", path: this.path(parent, step), value }, value);
  }

  override remove(parent: Place, step: Step): void {
    this.#put({ op: "remove", path: this.path(parent, step) }, null);
  }

  override move(parent: Place, from: number, to: number): void {
    this.#put({ op: "move", from: this.path(parent, from), path: this.path(parent, to) }, null);
  }

  protected override stepText(step: string): string {
    return escape(step);
  }

  #put(operation: Operation, value: Json): void {
    this.operations.push(operation);
    this.#bytes += OPERATION_BYTES + operation.path.length + (typeof value === "string" ? value.length : 1);
    this.spend(this.#bytes);
  }
}

/** Operations as the text that is sent; gives up where one would name a member that appliers refuse. */
export class TextWriter extends PatchWriter {
  /** The JSON Patch but for its last bracket; empty when nothing changed. */
  text = "";
  /** The last name that stood as it is: it mostly comes again. */
  #plain = "";

  override replace(parent: Place, step: Step, value: Json): void {
    this.#put(`{"op":"replace","path":"${this.path(parent, step)}","value":${textOf(value)}}`);
  }

  override replaceText(
    parent: Place,
    name: string,
    value: string,
    holder: object,
    old: string,
    oldHolder: object,
  ): void {
    const json = growText(holder, value, oldHolder, old);
    this.#put(`{"op":"replace","path":"${this.path(parent, name)}","value":${json}}`);
  }

  override add(parent: Place, step: Step, value: Json): void {
    this.#put(`{"op":"add","path":"${this.path(parent, step)}","value":${textOf(value)}}`);
  }

  override remove(parent: Place, step: Step): void {
    this.#put(`{"op":"remove","path":"${this.path(parent, step)}"}`);
  }

  override move(parent: Place, from: number, to: number): void {
    this.#put(`{"op":"move","from":"${this.path(parent, from)}","path":"${this.path(parent, to)}"}`);
  }

  protected override stepText(step: string, parent: Place): string {
    if (step === "__proto__" || (step === "prototype" && parent.step === "constructor")) throw GIVE_UP;
    if (step === this.#plain) return step;
    if (!isPlain(step)) return JSON.stringify(escape(step)).slice(1, -1);
    this.#plain = step;
    return step;
  }

  #put(operation: string): void {
    this.text = this.text === "" ? `[${operation}` : `${this.text},${operation}`;
    this.spend(this.text.length);
  }
}

function textOf(value: Json): string {
  // What JSON.stringify gives, without the call.
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

const QUOTE = 0x22;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const TILDE = 0x7e;

/** Whether a step stands in a path as it is, and in JSON. Names are short: a regular expression would take longer. */
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
