import { vi } from "vitest";
import { compareWith, type Differ } from "../../src/diff/differ.ts";
import { fastJsonPatch } from "../../src/diff/fast-json-patch.ts";
import type { StateStreamError } from "../../src/support/errors.ts";
import type { StateUpdateEvent } from "../../src/protocol/events.ts";
import type { Operation } from "../../src/json/types.ts";
import { applyOperations } from "../../src/json/operations.ts";
import { LoggedState, type LoggedStateOptions } from "../../src/state/logged-state.ts";

export type Update = Pick<StateUpdateEvent, "patches" | "value" | "removed"> | undefined;

/** A logged state with one slice, named `s`. */
export function hold({ differ = fastJsonPatch, ...options }: Partial<LoggedStateOptions> & { differ?: Differ } = {}) {
  const report = vi.fn<(error: StateStreamError) => void>();
  const logged = new LoggedState(
    { snapshots: "shared", compare: compareWith(differ), serialize: undefined, ...options },
    report,
  );
  /** Gives slice `s` a value, or the result of operations on what clients hold; says what clients are sent. */
  const update = (given: unknown, hint: { named?: boolean; operations?: readonly Operation[] } = {}): Update => {
    const { named = false, operations } = hint;
    const before = logged.json("s");
    const patched = operations && before !== undefined ? { operations, json: applyOperations(before, operations, "s") } : undefined; // prettier-ignore
    const change = logged.plan("s", patched?.json ?? given, { namedByCaller: named, patched });
    if (change === undefined) return undefined;
    logged.apply(change);
    return change.difference && (JSON.parse(`{${change.difference.member}}`) as Update);
  };
  return { logged, update, report };
}
