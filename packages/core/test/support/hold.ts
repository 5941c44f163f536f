import { vi } from "vitest";
import { compareWith, type Differ } from "../../src/diff/differ.ts";
import { fastJsonPatch } from "../../src/diff/fast-json-patch.ts";
import type { StateStreamError } from "../../src/support/errors.ts";
import type { StateUpdateEvent } from "../../src/protocol/events.ts";
import type { Operation } from "../../src/json/types.ts";
import { applyOperations } from "../../src/json/operations.ts";
import { type SliceOptions, Slices } from "../../src/state/slices.ts";

export type Told = Pick<StateUpdateEvent, "patches" | "value" | "removed"> | undefined;

/** Slices, of which one is named `s`. */
export function hold({ differ = fastJsonPatch, ...options }: Partial<SliceOptions> & { differ?: Differ } = {}) {
  const report = vi.fn<(error: StateStreamError) => void>();
  const slices = new Slices(
    { snapshots: "shared", compare: compareWith(differ), serialize: undefined, ...options },
    report,
  );
  /** Moves slice `s` to a value and says what clients are told. */
  const update = (value: unknown, hint: { named?: boolean; operations?: readonly Operation[] } = {}): Told => {
    const { named = false, operations } = hint;
    const before = slices.json("s");
    const patched = operations && before !== undefined ? { operations, json: applyOperations(before, operations, "s") } : undefined; // prettier-ignore
    const step = slices.step("s", value, { named, patched });
    if (step === undefined) return undefined;
    slices.move(step);
    return step.difference && (JSON.parse(`{${step.difference.member}}`) as Told);
  };
  return { slices, update, report };
}
