import { utf8Length } from "../json/json-text.ts";
import { type Held, jsonOf } from "../json/held.ts";
import { pathOf } from "../json/pointer.ts";
import { isAtLeast } from "../json/size.ts";
import { addedText } from "../json/text-growth.ts";
import type { Json, Operation } from "../json/types.ts";
import { cheaper, type Difference, SMALL_PATCH_BYTES, valueDifference } from "./differ.ts";

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

/** What an operation has at least beside its name, path and value, in bytes: `{"op":"","path":""},`, and `"value":` too. */
const OPERATION_BYTES = 20;
const VALUE_BYTES = 9;

/** A member's name or a row's index. */
export type Step = string | number;

/** The place of a container. Its path is built only for an operation, and then shared by all operations inside it. */
export class Place {
  readonly parent: Place | undefined;
  readonly step: Step;
  path: string | undefined;
  /** How long its path is at least. */
  readonly length: number;
  /** The approximate number of rows of an array. */
  rows = 0;
  /** Of an object: the members that JSON carries as something else, and how many of all it leaves out or did not have before. */
  changed: Map<string, Held | undefined> | undefined;
  leftOut = 0;
  added = 0;

  constructor(parent: Place | undefined, step: Step) {
    this.parent = parent;
    this.step = parent === undefined ? "" : step;
    this.path = parent === undefined ? "" : undefined;
    this.length = parent === undefined ? 0 : parent.length + stepLength(step);
  }
}

function stepLength(step: Step): number {
  return 1 + (typeof step === "number" ? 1 : step.length);
}

/** An operation that was found. Its text is written at the end, where it is known whether the patch is sent. */
interface Found {
  readonly op: Exclude<Operation["op"], "copy" | "test">;
  readonly parent: Place;
  readonly step: Step;
  readonly value: Json | undefined;
  readonly from: number | undefined;
}

/** Collects the operations of a walk, and writes them as the JSON text that is sent, or the value where that costs less. */
export class PatchWriter {
  /** A lower bound of the value's bytes of JSON, from the parts that the walk has seen. */
  valueBytes = 0;
  readonly #mayAppend: boolean;
  readonly #found: Found[] = [];
  /** A lower bound of the patch's bytes. */
  #bytes = 1;
  /** The cost of the operations so far that shift rows. */
  #shifts = 0;
  /** Whether every operation adds a row or a member that was not there. */
  #additive = true;
  #appends = false;
  /** Whether an operation names a member that appliers refuse. */
  #isRefused = false;
  /** The last name that needed no escaping: in a list of records the same names mostly repeat. */
  #plain = "";

  /** `mayAppend`: whether a string that grew becomes an `append`. */
  constructor(mayAppend: boolean) {
    this.#mayAppend = mayAppend;
  }

  /** The text that a string grew by, where that is all that happened and `append` is possible. */
  grown(before: Held, after: Held): string | undefined {
    const areTexts = this.#mayAppend && typeof before === "string" && typeof after === "string";
    return areTexts ? addedText(before, after) : undefined;
  }

  /** Adds an operation; `from`: the row that is moved. */
  put(op: Found["op"], parent: Place, step: Step, value?: Json, from?: number): void {
    this.#bytes += OPERATION_BYTES + op.length + parent.length + stepLength(step);
    if (value !== undefined) this.#bytes += VALUE_BYTES + (typeof value === "string" ? value.length + 2 : 1);
    if (op === "append") this.#appends = true;
    else if (op !== "add") this.#additive = false;
    if (typeof step === "number" && op !== "replace" && op !== "append") {
      // So that applying a sorted list is never slower than parsing a new one.
      const rows = parent.rows - step + (from === undefined ? 0 : parent.rows - from);
      this.#shifts += SHIFT_BYTES + rows * SHIFTED_ROW_BYTES;
    }
    this.#found.push({ op, parent, step, value, from });
  }

  /** The change that the operations make; `undefined` where there are none. */
  difference(after: Held): Difference | undefined {
    if (this.#found.length === 0) return undefined;
    const shifts = this.#shifts > FREE_SHIFT_BYTES ? this.#shifts / MAX_SLOWDOWN : 0;
    const least = Math.max(this.#bytes, shifts);
    const { valueBytes } = this;
    if (least > Math.max(SMALL_PATCH_BYTES, valueBytes) && !isAtLeast(jsonOf(after), least)) {
      const value = valueDifference(jsonOf(after));
      if (utf8Length(value.member) < least) return value;
    }
    const text = this.#write();
    if (this.#isRefused) return valueDifference(jsonOf(after));
    return cheaper(text, after, { appends: this.#appends, additive: this.#additive, valueBytes });
  }

  #write(): string {
    let text = "";
    for (const { op, parent, step, value, from } of this.#found) {
      text += text === "" ? "[" : ",";
      text += `{"op":"${op}",`;
      if (from !== undefined) text += `"from":"${this.#path(parent, from)}",`;
      text += `"path":"${this.#path(parent, step)}"`;
      if (value !== undefined) text += `,"value":${textOf(value)}`;
      text += "}";
    }
    return `${text}]`;
  }

  #path(parent: Place, step: Step): string {
    parent.path ??= this.#path(parent.parent as Place, parent.step);
    return `${parent.path}/${this.#stepText(parent, step)}`;
  }

  /** A step as it is written in the JSON text of a path. */
  #stepText(parent: Place, step: Step): string {
    if (typeof step === "number") return String(step);
    if (step === this.#plain) return step;
    if (step === "__proto__" || (step === "prototype" && parent.step === "constructor")) this.#isRefused = true;
    if (UNUSUAL.test(step)) return JSON.stringify(pathOf([step])).slice(2, -1);
    if (step !== "prototype") this.#plain = step;
    return step;
  }
}

function textOf(value: Json): string {
  // The same as JSON.stringify, but faster.
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

/** What a step has that must be escaped, in a path or in JSON. */
const UNUSUAL = /[^ !#-.0-[\]-}]/;
