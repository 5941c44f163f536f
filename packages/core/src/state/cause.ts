import { withCause } from "../support/errors.ts";
import type { Cause } from "../protocol/events.ts";
import { isRecord } from "../json/json.ts";
import { warnOnce } from "../support/warn.ts";

/** Reads the id of an action. */
export type ActionId = (action: unknown) => string | number | undefined;

/** An action as the cause of a change: its `type`, the id that `actionId` reads, its `payload`. */
export function causeOf(action: unknown, actionId: ActionId): Cause | undefined {
  if (!isRecord(action)) return undefined;
  try {
    const { type, payload } = action;
    if (typeof type !== "string") return undefined;
    const id = idOf(action, actionId);
    return { type, ...(id === undefined ? {} : { id }), ...(payload === undefined ? {} : { payload }) };
  } catch (error) {
    // This runs inside the dispatch or the emit, which a failing getter of the action must not break.
    warnOnce("action", withCause("Reading an action threw", error, "Its change is sent without a cause."));
    return undefined;
  }
}

function idOf(action: unknown, actionId: ActionId): string | number | undefined {
  try {
    return actionId(action);
  } catch (error) {
    warnOnce("actionId", withCause("The option actionId threw", error, "Causes are sent without an id."));
    return undefined;
  }
}

/** The default of `actionId`: the action's `meta.__ellie.actionId`, else `meta.id`, else `meta.requestId` (Redux Toolkit's thunks). */
export function defaultActionId(action: unknown): string | number | undefined {
  const meta = isRecord(action) && isRecord(action["meta"]) ? action["meta"] : {};
  const ellie = isRecord(meta["__ellie"]) ? meta["__ellie"]["actionId"] : undefined;
  return [ellie, meta["id"], meta["requestId"]].find(isId);
}

function isId(id: unknown): id is string | number {
  return typeof id === "string" || typeof id === "number";
}
