import fc from "fast-check";
import { expect, test } from "vitest";
import { compose } from "../../src/diff/compose.ts";
import { strictOf } from "../../src/diff/strict.ts";
import { applyOperations } from "../../src/json/operations.ts";
import { applyFitting } from "../support/apply.ts";
import { edit, editable, operationsOf } from "../support/edits.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";
import { canonical } from "../support/values.ts";

// The lists of `pnpm fuzz --lists 1000000`: keep this file to one property, so that its runs are the lists.

test(
  "a composed list leads where both lists lead, at most as long, and so does its strict form",
  () => {
    const lists = fc.property(
      editable,
      fc.array(edit, { maxLength: 8 }),
      fc.array(edit, { maxLength: 8 }),
      (before, first, second) => {
        const a = operationsOf(before, first);
        const b = operationsOf(a.after, second);
        const composed = compose(a.operations, b.operations);
        const expected = canonical(b.after);
        expect(canonical(applyOperations(before, composed, "s"))).toBe(expected);
        expect(composed.length).toBeLessThanOrEqual(a.operations.length + b.operations.length);
        if (a.operations.length + b.operations.length > 0) expect(composed.length).toBeGreaterThan(0);
        const strict = strictOf(composed, before);
        expect(strict.some(({ op }) => op === "append")).toBe(false);
        expect(canonical(applyFitting(before, strict))).toBe(expected);
      },
    );
    checkProperty(lists, 5000);
  },
  PROPERTY_TIMEOUT_MS,
);
