/** What connections ask for that decides which bytes they get. Connections of equal terms are one audience. */
export interface Terms {
  /** The slices selected, sorted and without repetition; `undefined` selects everything. */
  readonly names: readonly string[] | undefined;
  /** The slices whose updates may carry `append`, sorted and without repetition; `true` for all, `undefined` for none. */
  readonly append: readonly string[] | true | undefined;
  /** At most so many flushes a second; `undefined`: one in each turn in which something changed. */
  readonly rateHz: number | undefined;
  /** Whether heartbeats name positions that no event selected has. */
  readonly bookmarks: boolean;
}

/** Equal for equal selections. */
export function selectionKey({ names }: Pick<Terms, "names">): string {
  return names === undefined ? "" : JSON.stringify(names);
}

/** Equal for equal terms. */
export function termsKey(terms: Terms): string {
  return `${selectionKey(terms)} ${JSON.stringify([terms.append, terms.rateHz, terms.bookmarks])}`;
}
