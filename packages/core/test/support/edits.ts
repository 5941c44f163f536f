import fc from "fast-check";
import type { Json, Operation } from "../../src/json/types.ts";
import { pathOf } from "../../src/json/pointer.ts";
import { applyFitting } from "./apply.ts";

const text = fc.constantFrom("a", "word ", "é", "\u{1f600}", "e\u0301", "\u{1f468}\u200d\u{1f469}", "\ud83d", "\ude00", '"\n', ""); // prettier-ignore

const leaf: fc.Arbitrary<Json> = fc.oneof(fc.constantFrom<Json>(null, 0, 1, true), text);

const row: fc.Arbitrary<Json> = fc.record({ id: fc.nat(9), text, list: fc.array(leaf, { maxLength: 2 }) });

const value: fc.Arbitrary<Json> = fc.oneof(leaf, row, fc.array(row, { maxLength: 3 }), fc.dictionary(fc.constantFrom("a", "0", "x/y", "~", "__proto__"), leaf)); // prettier-ignore

/** A document with rows, texts inside rows, and members whose names look like indexes. */
export const editable: fc.Arbitrary<Json> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ rows: fc.array(row, { maxLength: 4 }), text, other: text, byId: fc.dictionary(fc.constantFrom("0", "1", "2"), row), deep: fc.array(fc.array(row, { maxLength: 2 }), { maxLength: 2 }) }) }, // prettier-ignore
  { weight: 1, arbitrary: text.map((given): Json => given) },
  { weight: 1, arbitrary: fc.array(row, { maxLength: 4 }) },
);

/** Mostly rows and their texts, so that edits meet. */
const place: fc.Arbitrary<readonly number[]> = fc.oneof(
  fc.tuple(fc.constant(0), fc.nat(2)),
  fc.tuple(fc.constant(0), fc.nat(2), fc.constant(1)),
  fc.array(fc.nat(4), { maxLength: 4 }),
);

/** A choice of what happens where; what it comes to depends on the document. */
export const edit = fc.record({
  kind: fc.constantFrom("append", "append", "append", "replace", "replace", "add", "remove", "move", "copy"),
  at: place,
  to: place,
  name: fc.constantFrom("0", "1", "5", "a", "text", "__proto__", "x/y", "~"),
  text,
  value,
});
export type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** Operations that fit the document, and each other, one after another; and what they lead to. */
export function operationsOf(document: Json, edits: readonly Edit[]): { operations: Operation[]; after: Json } {
  const operations: Operation[] = [];
  let after = document;
  for (const given of edits) {
    const operation = operationOf(after, given);
    if (operation === undefined) continue;
    operations.push(operation);
    after = applyFitting(after, [operation]);
  }
  return { operations, after };
}

/** The first text that one of the edits finds in the document, and what the document is after it has grown. */
export function textIn(
  document: Json,
  edits: readonly Edit[],
): { path: string; text: string; after: Json } | undefined {
  for (const { at, text: added } of edits) {
    const { tokens, value: found } = placeIn(document, at, true);
    if (typeof found !== "string") continue;
    const path = pathOf(tokens);
    return { path, text: added, after: applyFitting(document, [{ op: "append", path, value: added }]) };
  }
  return undefined;
}

function operationOf(document: Json, { kind, at, to, name, text: added, value: fresh }: Edit): Operation | undefined {
  const target = placeIn(document, at, kind === "append");
  const path = pathOf(target.tokens);
  switch (kind) {
    case "append":
      return typeof target.value === "string" ? { op: "append", path, value: added } : undefined;
    case "replace":
      return { op: "replace", path, value: fresh };
    case "add": {
      const place = slotIn(target.value, target.tokens, to[0] ?? 0, name);
      return place === undefined ? undefined : { op: "add", path: pathOf(place), value: fresh };
    }
    case "remove":
      return target.tokens.length === 0 ? undefined : { op: "remove", path };
    case "copy":
    case "move": {
      if (kind === "move" && target.tokens.length === 0) return undefined;
      // Where it goes is looked for in the document without it.
      const rest = kind === "move" ? applyFitting(document, [{ op: "remove", path }]) : document;
      const goal = placeIn(rest, to, false);
      const place = slotIn(goal.value, goal.tokens, at.at(-1) ?? 0, name);
      if (place === undefined) return undefined;
      if (kind === "move" && (pathOf(place).startsWith(`${path}/`) || !leadsToContainer(document, place)))
        return undefined;
      return { op: kind, from: path, path: pathOf(place) };
    }
    default:
      return undefined;
  }
}

/** Follows the choices as far as there are members; on to a text where one is wanted. */
function placeIn(document: Json, choices: readonly number[], isText: boolean): { tokens: string[]; value: Json } {
  const tokens: string[] = [];
  let found = document;
  for (let step = 0; isText || step < choices.length; step++) {
    if (typeof found !== "object" || found === null) break;
    const names = Object.keys(found);
    if (names.length === 0) break;
    const name = names[(choices[step] ?? 0) % names.length] as string;
    tokens.push(name);
    found = Object.getOwnPropertyDescriptor(found, name)?.value as Json;
  }
  return { tokens, value: found };
}

/**
 * Whether the parent of a place is a container in this document. fast-json-patch refuses a move where that is not so before it
 * has removed what moves, although RFC 6902 looks for the target in the document without it.
 */
function leadsToContainer(document: Json, tokens: readonly string[]): boolean {
  let found: unknown = document;
  for (const token of tokens.slice(0, -1)) {
    if (typeof found !== "object" || found === null) return false;
    found = Object.getOwnPropertyDescriptor(found, token)?.value;
  }
  return typeof found === "object" && found !== null;
}

/** Where something can be added in a container. */
function slotIn(container: Json, tokens: readonly string[], choice: number, name: string): string[] | undefined {
  if (Array.isArray(container)) {
    const index = choice % (container.length + 2);
    return [...tokens, index > container.length ? "-" : String(index)];
  }
  return typeof container === "object" && container !== null ? [...tokens, name] : undefined;
}
