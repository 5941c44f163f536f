export { observeStreams } from "./observe-streams.ts";
export type { ObservedStats, ObservedStream } from "./observed.ts";
