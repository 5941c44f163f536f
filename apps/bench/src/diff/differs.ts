import { isDeepStrictEqual } from "node:util";
import { type Differ, fastJsonPatch, type Json, type Operation } from "@statestream/core";
// What a stream does with each change. It writes the patch as text, which a public `Differ` cannot.
import { structuralCompare } from "../../../../packages/core/dist/diff/structural-differ.js";
import { applyOperations } from "@statestream/core/patch";
import { create } from "jsondiffpatch";
import { format } from "jsondiffpatch/formatters/jsonpatch";
import { diff as justDiff, jsonPatchPathConverter } from "just-diff";
import { createPatch } from "rfc6902";

const rowsById = create({
  objectHash: (row, index) => String((row as { id?: number }).id ?? index),
});

/** A state pair in, the bytes to send out. */
export type ToBytes = (before: Json, after: Json) => Uint8Array;

const encoder = new TextEncoder();

/** Patches as JSON; where a differ gives up, the value. */
export function encoded(differ: Differ): ToBytes {
  return (before, after) => encoder.encode(JSON.stringify(differ(before, after) ?? after));
}

/** Each with what its documentation advises for rows that have ids. */
export const peers: readonly (readonly [name: string, toBytes: ToBytes])[] = [
  ["fast-json-patch", encoded(fastJsonPatch)],
  ["rfc6902", encoded((before, after) => createPatch(before, after))],
  ["jsondiffpatch", encoded((before, after) => format(rowsById.diff(before, after)))],
  ["just-diff", encoded((before, after) => justDiff(before as object, after as object, jsonPatchPathConverter))],
];

const compare = structuralCompare({ rowIds: ["id", "_id", "key", "uuid", "name"] });

export const ours: ToBytes = (before, after) => {
  const member = compare(before, after)?.member ?? ":[]";
  return encoder.encode(member.slice(member.indexOf(":") + 1));
};

/** A state that is compared was the newer one of a comparison before, of which a stream remembers a little. */
export function prime([first]: readonly Json[]): void {
  ours(Array.isArray(first) ? [] : {}, first as Json);
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
export function walkAndCheck(toBytes: ToBytes, states: readonly Json[]): Walk {
  let bytes = 0;
  let ms = 0;
  for (const [index, after] of states.slice(1).entries()) {
    const before = states[index] as Json;
    try {
      const start = performance.now();
      const sent = toBytes(before, after);
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
