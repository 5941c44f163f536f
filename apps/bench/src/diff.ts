import { isDeepStrictEqual } from "node:util";
import { type Differ, fastJsonPatch, type Json, structuralDiffer } from "@statestream/core";
import { applyOperations } from "@statestream/core/patch";
import { createPatch } from "rfc6902";
import type { Operation } from "@statestream/core";
import { medians } from "./median.ts";
import { workloads } from "./workloads.ts";

const encoder = new TextEncoder();

/** How long a workload is measured, in milliseconds. */
const MEASURE_MS = 1500;

/** A state pair in, the bytes to send out; where a differ gives up, those of the value. */
function bytesOf(differ: Differ, before: Json, after: Json): Uint8Array {
  return encoder.encode(JSON.stringify(differ(before, after) ?? after));
}

/** Our differ against fast-json-patch and rfc6902. */
export function diff(): Record<string, string | number>[] {
  return workloads.map(({ name, before, after }) => {
    // A state that is compared was the newer one of a comparison before.
    structuralDiffer({}, before);
    const peers: [string, Differ][] = [
      ["fast-json-patch", fastJsonPatch],
      ["rfc6902", (a, b) => createPatch(a, b)],
    ];
    const right = peers.filter(([, differ]) => isRight(differ, before, after));
    if (!isRight(structuralDiffer, before, after)) throw new Error(`Our patch is wrong: ${name}`);
    const candidates = [structuralDiffer, ...right.map(([, differ]) => differ)];
    const [ours, ...theirs] = medians(
      candidates.map((differ) => () => bytesOf(differ, before, after)),
      MEASURE_MS,
    ) as [number, ...number[]];
    const row: Record<string, string | number> = {
      workload: name,
      "ours us": round(ours),
      "ours bytes": bytesOf(structuralDiffer, before, after).length,
    };
    for (const [peer, differ] of peers) {
      const index = right.findIndex(([known]) => known === peer);
      row[`${peer} x`] = index < 0 ? "wrong or failed" : round((theirs[index] as number) / ours);
      row[`${peer} bytes`] = index < 0 ? "" : bytesOf(differ, before, after).length;
    }
    return row;
  });
}

function isRight(differ: Differ, before: Json, after: Json): boolean {
  try {
    const operations = differ(before, after);
    if (operations === undefined) return true;
    const copies = JSON.parse(JSON.stringify([before, operations])) as [Json, Operation[]];
    return isDeepStrictEqual(applyOperations(...copies, "workload"), after);
  } catch {
    // Reported in the table: rfc6902 overflows the stack on long arrays.
    return false;
  }
}

function round(value: number): number {
  return value < 10 ? Math.round(value * 10) / 10 : Math.round(value);
}
