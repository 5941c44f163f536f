import { startsWith } from "./text-growth.ts";
import type { Json } from "./types.ts";

const encoder = new TextEncoder();

/** Texts are encoded here to count their bytes, since allocating an array for each takes longer than filling it. */
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

/** From this many UTF-16 units on, the JSON of a text is remembered, such as that of a language model's answer. */
const LONG_TEXT = 1024;

/** The JSON of an object's long text, for as long as the object lives. */
const longTexts = new WeakMap<object, { readonly text: string; readonly json: string }>();

/** The JSON of a text that replaced another. Where the text only grew, the part that was there is not escaped again. */
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
  // JSON escapes half of a surrogate pair, but not the pair.
  const last = old.charCodeAt(old.length - 1);
  if (last >= 0xd800 && last < 0xdc00) return false;
  return startsWith(text, old);
}

/** The same as `JSON.stringify`, but reuses the remembered JSON of a long text of this object. */
export function jsonText(value: Json): string {
  const known = typeof value === "object" && value !== null ? longTexts.get(value) : undefined;
  if (known === undefined) return JSON.stringify(value);
  const members = Object.entries(value as { [key: string]: Json }).map(
    ([key, member]) => `${JSON.stringify(key)}:${member === known.text ? known.json : JSON.stringify(member)}`,
  );
  return `{${members.join(",")}}`;
}
