import { startsWith } from "./text-growth.ts";
import type { Json } from "./types.ts";

const encoder = new TextEncoder();

/** Where texts are encoded to be counted: to make an array for each takes longer than to fill it. */
const scratch = new Uint8Array(16 * 1024);

export function utf8Length(text: string): number {
  let bytes = 0;
  let rest = text;
  for (;;) {
    const { read, written } = encoder.encodeInto(rest, scratch);
    bytes += written;
    if (read === rest.length) return bytes;
    rest = rest.slice(read);
  }
}

/** From this many UTF-16 units on, a text's JSON is remembered: what an answer of a language model grows to, say. */
const LONG_TEXT = 1024;

/** A long member's JSON by the object that holds it, for as long as that lives. */
const longTexts = new WeakMap<object, { readonly text: string; readonly json: string }>();

/** JSON of a member that took the place of another text: where it only grew, what was there is not escaped again. */
export function growText(holder: object, text: string, oldHolder: object, old: string): string {
  if (text.length < LONG_TEXT) return JSON.stringify(text);
  const known = longTexts.get(oldHolder);
  const json =
    known?.text === old && hasGrown(old, text)
      ? known.json.slice(0, -1) + JSON.stringify(text.slice(old.length)).slice(1)
      : JSON.stringify(text);
  longTexts.set(holder, { text, json });
  return json;
}

function hasGrown(old: string, text: string): boolean {
  // Half a surrogate pair is escaped; with its other half it no longer is.
  const last = old.charCodeAt(old.length - 1);
  if (last >= 0xd800 && last < 0xdc00) return false;
  return startsWith(text, old);
}

/** `JSON.stringify`, but for a long text of this object that is known already. */
export function jsonText(value: Json): string {
  const known = typeof value === "object" && value !== null ? longTexts.get(value) : undefined;
  if (known === undefined) return JSON.stringify(value);
  const members = Object.entries(value as { [key: string]: Json }).map(
    ([key, member]) => `${JSON.stringify(key)}:${member === known.text ? known.json : JSON.stringify(member)}`,
  );
  return `{${members.join(",")}}`;
}
