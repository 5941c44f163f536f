/** The members by which the drafts of Immer and Mutative can be recognised from outside. */
const DRAFT_STATES = [Symbol.for("immer-state"), Symbol.for("__MUTATIVE_PROXY_DRAFT__")] as const;

/**
 * Whether the value is a draft of Immer or Mutative. It cannot be read any more once its recipe has returned, so whatever
 * is kept of it has to be a copy.
 */
export function isLibraryDraft(value: object): boolean {
  const members = value as Record<symbol, unknown>;
  return members[DRAFT_STATES[0]] !== undefined || members[DRAFT_STATES[1]] !== undefined;
}
