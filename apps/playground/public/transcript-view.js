import { byId } from "./dom.js";

const text = byId("text");
const note = byId("transcript-note");

/** @param {{ title: string, run: number, tokens: string[] } | undefined} transcript */
export function renderTranscript(transcript) {
  // Whoever scrolled up is reading.
  const atEnd = text.scrollHeight - text.scrollTop - text.clientHeight < 40;
  text.textContent = transcript?.tokens.join("") ?? "";
  note.textContent = transcript ? `${transcript.title}, run ${transcript.run}, ${transcript.tokens.length} tokens` : "";
  if (atEnd) text.scrollTop = text.scrollHeight;
}
