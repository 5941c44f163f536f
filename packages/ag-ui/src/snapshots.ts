import type { AgUiEvent } from "./frames.ts";
import type { Message, Messages } from "./message.ts";

/**
 * The events that make a client with one conversation hold another, whatever has happened to it. A client takes
 * MESSAGES_SNAPSHOT as follows: it updates what it has in place, adds what is new at the end, and keeps reasoning and
 * activity of its own where the snapshot has none. So a list in another order takes more than one.
 */
export function snapshotsBetween(before: Messages, after: Messages): AgUiEvent[] {
  if (isOrder(taken(before, after), after)) return [snapshot(after)];
  let kept = 0;
  while (kept < before.length && before[kept]?.id === after[kept]?.id) kept++;
  const prefix = after.slice(0, kept);
  // A client removes what it might have of its own only when it has become a message of another role.
  const others = before
    .slice(kept)
    .filter(isOwn)
    .map(({ id }): Message => ({ id, role: "assistant" }));
  const cleared = others.length === 0 ? [] : [snapshot([...prefix, ...others])];
  return [...cleared, snapshot(prefix), snapshot(after)];
}

function snapshot(messages: Messages): AgUiEvent {
  return { type: "MESSAGES_SNAPSHOT", messages };
}

/** What a client holds after one snapshot. */
function taken(before: Messages, after: Messages): Messages {
  const ids = new Set(after.map(({ id }) => id));
  const roles = new Set(after.map(({ role }) => role));
  const kept = before.filter((message) => ids.has(message.id) || (isOwn(message) && !roles.has(message.role)));
  const held = new Set(kept.map(({ id }) => id));
  return [...kept, ...after.filter(({ id }) => !held.has(id))];
}

function isOrder(list: Messages, other: Messages): boolean {
  return list.length === other.length && list.every(({ id }, index) => id === other[index]?.id);
}

function isOwn({ role }: Message): boolean {
  return role === "reasoning" || role === "activity";
}
