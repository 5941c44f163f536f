import { brokenAdapters } from "./adapters.ts";
import type { Broken } from "./broken.ts";
import { brokenNet } from "./net.ts";
import { brokenRequests } from "./requests.ts";
import { brokenStreams } from "./streams.ts";
import { brokenWire } from "./wire.ts";

export const allBroken: readonly Broken[] = [
  ...brokenAdapters,
  ...brokenRequests,
  ...brokenNet,
  ...brokenWire,
  ...brokenStreams,
];
