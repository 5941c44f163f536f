import { isDeepStrictEqual } from "node:util";
import { type Differ, fastJsonPatch, type Json, type Operation, structuralDiffer } from "@statestream/core";
import { applyOperations } from "@statestream/core/patch";
import { create } from "jsondiffpatch";
import { format } from "jsondiffpatch/formatters/jsonpatch";
import { diff as justDiff, jsonPatchPathConverter } from "just-diff";
import { createPatch } from "rfc6902";

const rowsById = create({
  objectHash: (row, index) => String((row as { id?: number }).id ?? index),
});

/** Each with what its documentation advises for rows that have ids. */
export const peers: readonly (readonly [name: string, differ: Differ])[] = [
  ["fast-json-patch", fastJsonPatch],
  ["rfc6902", (before, after) => createPatch(before, after)],
  ["jsondiffpatch", (before, after) => format(rowsById.diff(before, after))],
  ["just-diff", (before, after) => justDiff(before as object, after as object, jsonPatchPathConverter)],
];

export const ours: Differ = structuralDiffer;

const encoder = new TextEncoder();

/** A state pair in, the bytes to send out; where a differ gives up, those of the value. */
export function bytesOf(differ: Differ, before: Json, after: Json): Uint8Array {
  return encoder.encode(JSON.stringify(differ(before, after) ?? after));
}

/** A walk that takes longer is given up: rfc6902 would need minutes for a list of lists. */
const PATIENCE_MS = 3000;

/** One walk over a workload's states. */
export interface Walk {
  /** What is wrong with the patches. */
  readonly problem: string | undefined;
  readonly bytes: number;
  readonly ms: number;
}

/** Walks once, and checks each patch by applying it. */
export function walkAndCheck(differ: Differ, states: readonly Json[]): Walk {
  let bytes = 0;
  let ms = 0;
  for (const [index, after] of states.slice(1).entries()) {
    const before = states[index] as Json;
    try {
      const start = performance.now();
      const sent = bytesOf(differ, before, after);
      ms += performance.now() - start;
      bytes += sent.length;
      if (!isRight(sent, before, after)) return { problem: "wrong", bytes, ms };
    } catch (error) {
      // rfc6902 overflows the stack on long arrays; a patch that cannot be applied says so.
      return { problem: error instanceof RangeError ? "fails" : "wrong", bytes, ms };
    }
    if (ms > PATIENCE_MS) return { problem: `given up: ${(ms / 1000 / (index + 1)).toPrecision(2)} s each`, bytes, ms };
  }
  return { problem: undefined, bytes, ms };
}

function isRight(sent: Uint8Array, before: Json, after: Json): boolean {
  const said = JSON.parse(new TextDecoder().decode(sent)) as Json;
  // Where a differ gave up, the value itself was sent.
  if (isDeepStrictEqual(said, after)) return true;
  const copy = JSON.parse(JSON.stringify(before)) as Json;
  return isDeepStrictEqual(applyOperations(copy, said as unknown as Operation[], "workload"), after);
}
