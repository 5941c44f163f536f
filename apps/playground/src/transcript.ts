import type { PlaygroundWriter, TranscriptState } from "./state.ts";

/** What is typed out. */
export interface Text {
  readonly title: string;
  readonly content: string;
}

const TOKEN_MS = 50;
/** How long a finished text stays before it is begun again, in tokens. */
const PAUSE_TOKENS = 60;

/** Parts of a text about as long as a language model's; together they are the text. */
export function tokenize(text: string): string[] {
  return text.match(/\s*\S{1,8}|\s+$/gu) ?? [];
}

export function initialTranscript(title: string): TranscriptState {
  return { title, run: 1, text: "" };
}

/**
 * Types a text into the slice, one token a call, from where it is; begins again after a pause at its end. An empty text has
 * nothing to type, so what others write into the slice then stays.
 */
export function createTypist(stream: PlaygroundWriter, text: string): () => void {
  const tokens = tokenize(text);
  if (tokens.length === 0) return () => undefined;
  let next = tokenize(stream.state.transcript.text).length;
  return () => {
    const token = tokens[next];
    if (token !== undefined) {
      stream.append("transcript", "/text", token, { type: "transcript.typed" });
    } else if (next === tokens.length + PAUSE_TOKENS) {
      const { title, run } = stream.state.transcript;
      stream.set("transcript", { title, run: run + 1, text: "" }, { type: "transcript.restarted", id: run + 1 });
      next = -1;
    }
    next += 1;
  };
}

/** Types until the returned function is called. */
export function startTypist(type: () => void): () => void {
  const timer = setInterval(type, TOKEN_MS).unref();
  return () => clearInterval(timer);
}
