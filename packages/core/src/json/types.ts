/** Anything JSON can carry. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * One operation of a JSON Patch (RFC 6902, section 4), or `append`, which adds text to the end of a string (PROTOCOL.md).
 * Paths are JSON Pointers relative to the slice; values are taken as JSON carries them.
 */
export type Operation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string }
  | { readonly op: "append"; readonly path: string; readonly value: string };
