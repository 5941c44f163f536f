import { applyOperations } from "../json/operations.ts";
import { pathOf, tokensOf } from "../json/pointer.ts";
import type { Json, Operation } from "../json/types.ts";

type WithValue = Extract<Operation, { readonly value: unknown }>;

/** The operations with the same result as `first` and then `second`; `second` must apply to the result of `first`. */
export function compose(first: readonly Operation[], second: readonly Operation[]): Operation[] {
  const composition = new Composition();
  composition.add(first);
  composition.add(second);
  return composition.operations();
}

/** Both lists, concatenated; consecutive appends to the same text become one. */
export function joinAppends(first: readonly Operation[], second: readonly Operation[]): readonly Operation[] {
  if (first.length === 0) return second;
  const [next, ...rest] = second;
  const last = first.at(-1);
  if (last?.op !== "append" || next?.op !== "append" || last.path !== next.path) return [...first, ...second];
  return [...first.slice(0, -1), { ...last, value: last.value + next.value }, ...rest];
}

/** A place in the document that operations have named. */
class Spot {
  readonly below = new Map<string, Spot>();
  /** The operations at this place and below, all of which a new value here makes void. */
  touching: number[] = [];
  /** The operation that gave this place its value or text, while later ones may be folded into it. */
  giver: number | undefined;
  /** Whether an operation connects this place with others, so that what it did must be kept. */
  sealed = false;

  at(token: string): Spot {
    let spot = this.below.get(token);
    if (spot === undefined) this.below.set(token, (spot = new Spot()));
    return spot;
  }
}

/**
 * Composes lists of operations that follow one another. An operation is folded into an earlier one, or makes earlier ones
 * void, only where that is right whatever the document: nothing crosses an operation that shifts the rows of an array
 * around it, and what a move or a copy connects is kept.
 */
export class Composition {
  readonly #operations: (Operation | undefined)[] = [];
  readonly #root = new Spot();

  add(operations: readonly Operation[]): void {
    for (const operation of operations) this.#add(operation);
  }

  operations(): Operation[] {
    return this.#operations.filter((operation) => operation !== undefined);
  }

  #add(operation: Operation): void {
    const tokens = tokensOf(operation.path);
    const from = "from" in operation ? tokensOf(operation.from) : undefined;
    if (tokens === undefined || ("from" in operation && from === undefined)) return this.#seal(operation, [], []);
    try {
      if (this.#fold(operation, tokens, from)) return;
    } catch {
      // It does not apply, since an application's own differ may be wrong: it keeps its place in the order.
      return this.#seal(operation, [], []);
    }
    switch (operation.op) {
      case "add":
        return isRow(tokens.at(-1)) ? this.#addRow(operation, tokens) : this.#give(operation, tokens);
      case "replace":
        return this.#give(operation, tokens);
      case "append":
        return void (this.#put(operation, tokens).giver = this.#operations.length - 1);
      case "remove":
        return this.#remove(operation, tokens);
      default:
        return this.#seal(operation, tokens, from ?? tokens);
    }
  }

  /** Folds the operation into the one that gave its place, or one around it, a value. */
  #fold(operation: Operation, tokens: readonly string[], from: readonly string[] | undefined): boolean {
    let spot: Spot | undefined = this.#root;
    for (let depth = 0; spot !== undefined; depth++) {
      const index: number | undefined = spot.giver;
      if (index !== undefined && this.#foldInto(index, depth, operation, tokens, from)) return true;
      if (depth === tokens.length) return false;
      spot = spot.below.get(tokens[depth] as string);
    }
    return false;
  }

  #foldInto(
    index: number,
    depth: number,
    operation: Operation,
    tokens: readonly string[],
    from: readonly string[] | undefined,
  ): boolean {
    const giver = this.#operations[index] as WithValue;
    if (depth === tokens.length) {
      // A row may be added at the index of another, which does not change that one.
      const isGiven = operation.op === "append" || operation.op === "replace";
      if (!isGiven || from !== undefined) return false;
      if (operation.op === "replace" && giver.op === "append") return false;
    } else if (giver.op === "append" || (from !== undefined && !isBelow(from, tokens, depth))) return false;
    if (giver.op === "append") {
      this.#operations[index] = { ...giver, value: giver.value + (operation as typeof giver).value };
      return true;
    }
    const path = pathOf(tokens.slice(depth));
    const relative =
      from === undefined ? { ...operation, path } : { ...operation, path, from: pathOf(from.slice(depth)) };
    this.#operations[index] = { ...giver, value: applyOperations(giver.value as Json, [relative], "") };
    return true;
  }

  /** A new value makes void whatever happened to the old one. */
  #give(operation: Operation, tokens: readonly string[]): void {
    this.#clear(this.#spot(tokens));
    const spot = this.#put(operation, tokens);
    spot.giver = this.#operations.length - 1;
  }

  #addRow(operation: Operation, tokens: readonly string[]): void {
    const container = this.#put(operation, tokens.slice(0, -1));
    container.below.clear();
    const last = tokens.at(-1) as string;
    if (last !== "-") container.at(last).giver = this.#operations.length - 1;
  }

  #remove(operation: Operation, tokens: readonly string[]): void {
    const spot = this.#spot(tokens);
    const giver = spot.giver === undefined ? undefined : this.#operations[spot.giver];
    if (giver?.op === "add") {
      // It is not known here whether the member existed before, or whether this is a row: both operations stay, the first without its value.
      this.#operations[spot.giver as number] = { ...giver, value: null };
    } else this.#clear(spot);
    spot.giver = undefined;
    if (!isRow(tokens.at(-1))) this.#put(operation, tokens);
    else this.#put(operation, tokens.slice(0, -1)).below.clear();
  }

  /** An operation that connects two places, or an unknown one: nothing is folded or made void across it. */
  #seal(operation: Operation, tokens: readonly string[], from: readonly string[]): void {
    this.#operations.push(operation);
    let shared = 0;
    // For the places that contain both, it is an operation like any other.
    while (shared < tokens.length - 1 && shared < from.length - 1 && tokens[shared] === from[shared]) shared++;
    for (const path of [tokens, from]) {
      let spot = this.#root;
      for (let depth = 0; ; depth++) {
        spot.giver = undefined;
        if (depth > shared || depth === path.length) spot.sealed = true;
        else if (spot.touching.at(-1) !== this.#operations.length - 1) spot.touching.push(this.#operations.length - 1);
        if (depth >= path.length - 1) break;
        spot = spot.at(path[depth] as string);
      }
      spot.below.clear();
    }
  }

  #spot(tokens: readonly string[]): Spot {
    return tokens.reduce((spot, token) => spot.at(token), this.#root);
  }

  #clear(spot: Spot): void {
    spot.below.clear();
    if (spot.sealed) return;
    for (const index of spot.touching) this.#operations[index] = undefined;
    spot.touching = [];
  }

  /** Takes the operation as it is; returns its place. */
  #put(operation: Operation, tokens: readonly string[]): Spot {
    const index = this.#operations.push(operation) - 1;
    let spot = this.#root;
    spot.touching.push(index);
    for (const token of tokens) {
      spot = spot.at(token);
      spot.touching.push(index);
    }
    return spot;
  }
}

/** Whether the last step of a path may be the index of a row, so that adding or removing there shifts others. */
function isRow(token: string | undefined): boolean {
  return token !== undefined && /^(?:-|0|[1-9]\d*)$/.test(token);
}

/** Whether a path leads through the first steps of another, and on. */
function isBelow(path: readonly string[], other: readonly string[], depth: number): boolean {
  return path.length > depth && path.slice(0, depth).every((token, index) => token === other[index]);
}
