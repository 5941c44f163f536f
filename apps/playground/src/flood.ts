import { randomBytes } from "node:crypto";
import type { PlaygroundWriter } from "./state.ts";

const STEPS = 400;
/** In all far more than a browser and two kernels hold for a page that does not read: 50 MB on some machines. */
const TEXT_BYTES = 256 * 1024;
const STEP_MS = 8;

export interface Flood {
  /** Whether it began; there is one at a time. */
  start(): boolean;
  stop(): void;
}

/** Makes 100 MB of changes within a few seconds, in a slice that is there only as long. */
export function createFlood(stream: PlaygroundWriter): Flood {
  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    start() {
      if (timer !== undefined) return false;
      let step = 0;
      timer = setInterval(() => {
        step += 1;
        if (step > STEPS) {
          stop();
          stream.remove("flood", { type: "flood.ended" });
          return;
        }
        // Random, so that nothing on the way makes it smaller.
        const text = randomBytes((TEXT_BYTES * 3) / 4).toString("base64");
        stream.set("flood", { step, steps: STEPS, text }, { type: "flood.stepped", id: step });
      }, STEP_MS).unref();
      return true;
    },
    stop,
  };
}
