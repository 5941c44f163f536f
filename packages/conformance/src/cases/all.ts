import type { Case } from "../case.ts";
import { atomicityCases } from "./atomicity.ts";
import { backpressureCases } from "./backpressure.ts";
import { commitCases } from "./commits.ts";
import { endingCases } from "./ending.ts";
import { growthCases } from "./growth.ts";
import { heartbeatCases } from "./heartbeats.ts";
import { leavingCases } from "./leaving.ts";
import { netCases } from "./net.ts";
import { reasonCases } from "./reasons.ts";
import { responseCases } from "./response.ts";
import { resumeCases } from "./resume.ts";
import { selectionCases } from "./selection.ts";
import { snapshotCases } from "./snapshot.ts";
import { textCases } from "./text.ts";
import { updateCases } from "./updates.ts";

/** Every case. */
export const allCases: readonly Case[] = [
  ...responseCases,
  ...snapshotCases,
  ...updateCases,
  ...commitCases,
  ...selectionCases,
  ...resumeCases,
  ...reasonCases,
  ...heartbeatCases,
  ...netCases,
  ...growthCases,
  ...textCases,
  ...atomicityCases,
  ...backpressureCases,
  ...leavingCases,
  ...endingCases,
];
