import { OutgoingMessage } from "node:http";

type Write = (this: OutgoingMessage, ...args: unknown[]) => boolean;

const watchers = new Set<(chunk: unknown) => void>();
let restore: (() => void) | undefined;

/**
 * Calls `watcher` with whatever is written to any response of this process, until stopped. Cases run side by side, so
 * there is one tap for all of them.
 */
export function watchWrites(watcher: (chunk: unknown) => void): () => void {
  watchers.add(watcher);
  restore ??= tap();
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    restore?.();
    restore = undefined;
  };
}

function tap(): () => void {
  const prototype = OutgoingMessage.prototype as unknown as { write: Write };
  const original = Object.getOwnPropertyDescriptor(prototype, "write")?.value as Write;
  prototype.write = function (...args) {
    for (const watcher of watchers) watcher(args[0]);
    return original.apply(this, args);
  };
  return () => {
    prototype.write = original;
  };
}
