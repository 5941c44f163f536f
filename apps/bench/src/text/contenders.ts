import type { Json, Operation } from "@statestream/core";
import { applyOperations } from "@statestream/core/patch";
import { createTestClock } from "@statestream/core/testing";
import fastJsonPatch from "fast-json-patch";

/** How fast pieces come. */
const PIECES_PER_SECOND = 50;

/** One answer on its way to its viewers. */
interface Answer {
  /** The text grows by a piece, and the viewers read what they would have read by then. */
  readonly grow: (piece: string) => void;
  /** Bytes that each viewer was sent since it connected. */
  readonly bytesPerViewer: () => number;
  readonly end: () => void;
}

export interface Contender {
  readonly name: string;
  /** `onBytes` receives what the first viewer reads. */
  readonly start: (viewers: number, onBytes?: (bytes: Uint8Array) => void) => Answer;
  /** The text that a viewer has after these frames. */
  readonly textOf: (frames: readonly string[]) => string;
}

interface OurOptions {
  readonly append: boolean;
  /** The application sets the whole state, so that the growth must be found. */
  readonly isCompared?: boolean;
  /** Viewers read so often; without it, each piece at once. */
  readonly readHz?: number;
}

interface Message {
  readonly role: string;
  readonly text: string;
}

const QUESTION: Message = { role: "user", text: "What is a state stream?" };

const messagesOf = (text: string): Message[] => [QUESTION, { role: "assistant", text }];

/** Our streams, on a clock that the benchmark advances, so that no time is spent on waiting. */
export function ours(name: string, { append, isCompared = false, readHz }: OurOptions): Contender {
  return {
    name,
    start(viewers, onBytes) {
      const clock = createTestClock();
      const stream = clock.createStateStream({ initialState: { messages: messagesOf("") }, maxConnections: viewers });
      let bytesSent = 0;
      const reads = Array.from({ length: viewers }, (_, index) => {
        const connection = stream.connect({ append });
        const read = (): void => {
          for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read()) {
            bytesSent += bytes.length;
            if (index === 0) onBytes?.(bytes);
          }
        };
        read();
        if (readHz === undefined) connection.onReadable(read);
        return read;
      });
      bytesSent = 0;
      let text = "";
      let pieces = 0;
      const piecesPerRead = PIECES_PER_SECOND / (readHz ?? PIECES_PER_SECOND);
      return {
        grow(piece) {
          text += piece;
          if (isCompared) stream.set("messages", messagesOf(text));
          else stream.append("messages", "/1/text", piece);
          clock.flush();
          clock.advance(1000 / PIECES_PER_SECOND);
          if (readHz !== undefined && ++pieces % piecesPerRead === 0) for (const read of reads) read();
        },
        bytesPerViewer: () => bytesSent / viewers,
        // Its clock stands still from now on, so there is nothing to wait for.
        end: () => void stream.close(),
      };
    },
    textOf(frames) {
      let state: Json = null;
      for (const frame of frames) {
        const event = JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? "{}") as {
          slices?: { messages: Json };
          value?: Json;
          patches?: Operation[];
        };
        if (event.slices !== undefined) state = event.slices.messages;
        else if (event.value !== undefined) state = event.value;
        else if (event.patches !== undefined) state = applyOperations(state, event.patches, "messages");
      }
      return (state as unknown as Message[])[1]?.text ?? "";
    },
  };
}

/** One frame for all viewers, encoded once and given to each. */
function broadcast(viewers: number, onBytes: ((bytes: Uint8Array) => void) | undefined) {
  let bytesSent = 0;
  const sinks = Array.from({ length: viewers }, (_, index) => (bytes: Uint8Array): void => {
    bytesSent += bytes.length;
    if (index === 0) onBytes?.(bytes);
  });
  return {
    send: (data: unknown): void => {
      const bytes = Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
      for (const sink of sinks) sink(bytes);
    },
    bytesPerViewer: () => bytesSent / viewers,
    end: () => undefined,
  };
}

const dataOf = (frame: string): unknown => JSON.parse(frame.slice("data: ".length));

/** What an application does with fast-json-patch: it compares the two states and sends the operations. */
export const compareAndReplace: Contender = {
  name: "compare + replace (fast-json-patch)",
  start(viewers, onBytes) {
    const { send, ...answer } = broadcast(viewers, onBytes);
    let state = { messages: messagesOf("") };
    return {
      ...answer,
      grow(piece) {
        const next = { messages: messagesOf((state.messages[1]?.text ?? "") + piece) };
        send(fastJsonPatch.compare(state, next));
        state = next;
      },
    };
  },
  textOf(frames) {
    let state = { messages: messagesOf("") };
    for (const frame of frames) {
      const operations = dataOf(frame) as Parameters<typeof fastJsonPatch.applyPatch>[1];
      state = fastJsonPatch.applyPatch(state, [...operations]).newDocument;
    }
    return state.messages[1]?.text ?? "";
  },
};

/** The events of AG-UI: they have no snapshot, no ID to resume from and no state, so they are here for scale only. */
export const agUi: Contender = {
  name: "AG-UI TEXT_MESSAGE_CONTENT",
  start(viewers, onBytes) {
    const { send, ...answer } = broadcast(viewers, onBytes);
    const messageId = "5b0b7a4e-8f53-4a53-9f0e-6f1d3c1b2a90";
    return { ...answer, grow: (delta) => send({ type: "TEXT_MESSAGE_CONTENT", messageId, delta }) };
  },
  textOf: (frames) => frames.map((frame) => (dataOf(frame) as { delta: string }).delta).join(""),
};
