import { hash } from "node:crypto";
import type { Random } from "./random.ts";

interface Row {
  id: string;
  text: string;
  done: boolean;
}

/** What the writers change and the clients follow. */
export interface ChaosState {
  /** A map of counters. */
  counters: Record<string, number>;
  /** A list whose rows come, go and move. */
  rows: Row[];
  /** An object in an object. */
  profile: { name: string; address: { street: string; lines: string[] }; tags?: Record<string, string | null> };
  /** Texts that grow, as a language model's answer does; now and then one is cut, replaced or begun again. */
  story: { text: string; chapters: { id: string; text: string }[] };
  /** The last operation, which identifies the writer that made a state and how far it was. */
  op: { by: string; n: number };
}

export const initialState: ChaosState = {
  counters: { a: 0 },
  rows: [],
  profile: { name: "nobody", address: { street: "", lines: [] } },
  story: { text: "", chapters: [] },
  op: { by: "none", n: 0 },
};

/** Keeps the whole state at a few kilobytes. */
const MAX_ROWS = 24;
const MAX_LINES = 6;
const COUNTERS = 12;
const MAX_TEXT = 900;
const MAX_CHAPTERS = 3;

type Slices = Omit<ChaosState, "op">;
type Change = Partial<Pick<ChaosState, "counters" | "rows" | "profile" | "story">>;

/** A random next value of one to three slices. Changes nothing in place. */
export function change(state: Slices, random: Random): Change {
  // Some commits have several slices, since these are the ones a position can lie in the middle of.
  const several = random.below(4) === 0;
  const chosen = several ? [0, 1, 2, 3].filter(() => random.below(3) > 0) : [random.below(4)];
  const changed: Change = {};
  for (const slice of chosen) {
    if (slice === 0) changed.counters = counters(state.counters, random);
    if (slice === 1) changed.rows = rows(state.rows, random);
    if (slice === 2) changed.profile = profile(state.profile, random);
    if (slice === 3) changed.story = story(state.story, random);
  }
  return changed;
}

function counters(before: ChaosState["counters"], random: Random): ChaosState["counters"] {
  const name = `c${random.below(COUNTERS)}`;
  const after = { ...before };
  if (random.below(8) === 0) delete after[name];
  else after[name] = (after[name] ?? 0) + random.between(1, 9);
  return after;
}

function rows(before: readonly Row[], random: Random): Row[] {
  const after = [...before];
  const what = after.length >= MAX_ROWS ? 1 : random.below(4);
  if (after.length < 2 || what === 0) {
    after.splice(random.below(after.length + 1), 0, { id: rowId(random), text: words(random), done: false });
  } else if (what === 1) {
    after.splice(random.below(after.length), 1);
  } else if (what === 2) {
    const [moved] = after.splice(random.below(after.length), 1);
    after.splice(random.below(after.length + 1), 0, moved as Row);
  } else {
    const at = random.below(after.length);
    after[at] = { ...(after[at] as Row), done: random.below(2) === 0, text: words(random) };
  }
  return after;
}

function profile(before: ChaosState["profile"], random: Random): ChaosState["profile"] {
  const what = random.below(4);
  if (what === 0) return { ...before, name: words(random) };
  if (what === 1) return { ...before, address: { ...before.address, street: words(random) } };
  if (what === 2) {
    const { lines } = before.address;
    const next = lines.length >= MAX_LINES ? lines.slice(1) : [...lines, words(random)];
    return { ...before, address: { ...before.address, lines: next } };
  }
  if (before.tags !== undefined && random.below(2) === 0) {
    const { tags: _, ...rest } = before;
    return rest;
  }
  return { ...before, tags: { ...before.tags, [`t${random.below(4)}`]: random.below(3) === 0 ? null : words(random) } };
}

function story({ text, chapters }: ChaosState["story"], random: Random): ChaosState["story"] {
  // Both grow at once now and then; a chapter grows in a row that others push along.
  const what = random.below(6);
  const grown = what < 5 ? grow(text, random) : text;
  const at = random.below(chapters.length + 1);
  const chapter = chapters[at];
  if (what < 3) return { text: grown, chapters };
  if (chapter !== undefined)
    return { text: grown, chapters: chapters.with(at, { ...chapter, text: grow(chapter.text, random) }) };
  const rest = chapters.length < MAX_CHAPTERS ? chapters : chapters.slice(1);
  return { text: grown, chapters: [{ id: rowId(random), text: "" }, ...rest] };
}

// Characters in two halves, marks that join the letter before them, and what JSON escapes.
const PIECES = ["and ", "then", "\ud83d", "\ude00", "e\u0301", "\u{1f44d}\u{1f3fd}", "\n", '"', "é "];

function grow(text: string, random: Random): string {
  if (text.length > MAX_TEXT) return "";
  const what = random.below(24);
  if (what === 0) return text.slice(0, random.below(text.length + 1));
  if (what === 1) return words(random);
  return text + random.pick(PIECES);
}

const WORDS = ["blue", "é☃", "a/b~c", "rain", "", "north", "\n", "seven", 'quote"', "__proto__"];

function words(random: Random): string {
  return `${random.pick(WORDS)} ${random.pick(WORDS)} ${random.below(1000)}`;
}

function rowId(random: Random): string {
  return random.below(2 ** 31).toString(36);
}

/** JSON text that is the same for the same value, in whatever order its members are. */
export function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = value as Record<string, unknown>;
  const names = Object.keys(members).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(members[name])}`).join(",")}}`;
}

/** What logs call a state: SHA-256 of its canonical JSON, the first 64 bits in hex. */
export function hashOf(state: unknown): string {
  return hash("sha256", canonical(state), "hex").slice(0, 16);
}
