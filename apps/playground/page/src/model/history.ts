import type { SystemState } from "../../../src/state.ts";

/** What the charts show: the last samples, oldest first, as columns. */
export interface History {
  readonly times: readonly number[];
  readonly samples: readonly SystemState[];
}

export const WINDOW_SECONDS = 60;

export const NO_HISTORY: History = { times: [], samples: [] };

/** With one more sample, taken at `time` (seconds since 1970), and without those that are too old to be seen. */
export function withSample({ times, samples }: History, time: number, sample: SystemState): History {
  const from = times.findIndex((earlier) => earlier >= time - WINDOW_SECONDS - 1);
  const kept = from === -1 ? times.length : from;
  return { times: [...times.slice(kept), time], samples: [...samples.slice(kept), sample] };
}
