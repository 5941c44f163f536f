/** The text that was added to the end of another, where that is all that happened; never half a character. */
export function addedText(before: string, after: string): string | undefined {
  if (after.length <= before.length || !startsWith(after, before)) return undefined;
  const added = after.slice(before.length);
  return splitsCharacter(before, added) ? undefined : added;
}

/** The same as `text.startsWith(start)`, which compares one character at a time; two strings are compared by words. */
function startsWith(text: string, start: string): boolean {
  return text.slice(0, start.length) === start;
}

/** Whether added text is the second half of a character whose first half ends the text before it. */
export function splitsCharacter(text: string, added: string): boolean {
  const first = added.charCodeAt(0);
  // The added text decides nearly always. Looking into the other would have V8 copy all of it, since it is kept in pieces.
  if (!(first >= 0xdc00 && first < 0xe000)) return false;
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last < 0xdc00;
}
