import type { Changeable } from "../api.ts";
import { createBoard } from "../board.ts";
import { createFlood } from "../flood.ts";
import type { PlaygroundWriter } from "../state.ts";
import { startSystem, type Traffic } from "../system.ts";
import { createTypist, startTypist } from "../transcript.ts";

/** What the node that leads does, and nobody else. */
export interface Leadership {
  readonly changeable: Changeable;
  /** Changes nothing any more: the writer throws from now on. */
  stop(): void;
}

/** Goes on with what is in the stream: the tasks there are, the text as far as it is typed. */
export function lead(writer: PlaygroundWriter, content: string, traffic: () => Traffic): Leadership {
  // A leader that was killed in the middle of a flood has not ended it.
  if (writer.state.flood !== undefined) writer.remove("flood", { type: "flood.ended" });
  const flood = createFlood(writer);
  const stops = [() => flood.stop(), startSystem(writer, traffic), startTypist(createTypist(writer, content))];
  return {
    changeable: { board: createBoard(writer), flood },
    stop() {
      for (const stop of stops) stop();
    },
  };
}
