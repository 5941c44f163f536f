import type { Difference } from "../../src/diff/differ.ts";
import { structuralCompare } from "../../src/diff/structural-differ.ts";
import type { Json, Operation } from "../../src/json/types.ts";

const ROW_IDS = ["id", "_id", "key", "uuid", "name"];

/** The comparison that every stream has by default. */
export const structural = structuralCompare({ rowIds: ROW_IDS });

/** The same with `append` for a string that grew. */
export const appending = structuralCompare({ rowIds: ROW_IDS, appends: true });

/** The operations of a change: none where nothing changed, `undefined` where the value is sent. */
export function operationsOf(difference: Difference | undefined): Operation[] | undefined {
  if (difference === undefined) return [];
  return (JSON.parse(`{${difference.member}}`) as { patches?: Operation[] }).patches;
}

/** The operations that the default comparison finds. */
export function structuralOperations(before: Json, after: Json): Operation[] | undefined {
  return operationsOf(structural(before, after));
}
