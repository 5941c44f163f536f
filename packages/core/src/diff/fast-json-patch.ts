import jsonpatch from "fast-json-patch";
import type { Operation } from "../json/types.ts";
import type { Differ } from "./differ.ts";

/**
 * The differ of the package fast-json-patch, for `createStateStream({ differ: fastJsonPatch })`. It compares arrays index
 * by index. It is a file of its own so that a bundle which does not use it does not carry that package.
 */
export const fastJsonPatch: Differ = (before, after) =>
  jsonpatch.compare(before as object, after as object) as Operation[];
