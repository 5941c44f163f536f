/** Whether text that is added would be the second half of a character whose first half ends the text before it. */
export function splitsCharacter(text: string, added: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  const first = added.charCodeAt(0);
  return last >= 0xd800 && last < 0xdc00 && first >= 0xdc00 && first < 0xe000;
}
