import { Socket } from "node:net";

type Write = (this: Socket, ...args: unknown[]) => boolean;

const watchers = new Set<(chunk: unknown) => void>();
let restore: (() => void) | undefined;

/**
 * Calls `watcher` with everything that is written to any socket of this process, until stopped. What is written to a response
 * arrives there too, and is written in the same way as without a watcher. Cases run side by side, so there is one tap for all.
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

/** The method is inherited, so the tap is a property of its own that can be taken away. */
function tap(): () => void {
  const prototype = Socket.prototype as { write?: unknown };
  const original = Reflect.get<object, string>(Socket.prototype, "write") as Write;
  prototype.write = function (this: Socket, ...args: unknown[]) {
    for (const watcher of watchers) watcher(args[0]);
    return original.apply(this, args);
  };
  return () => delete prototype.write;
}
