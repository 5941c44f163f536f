import { createPlayground, type OwnPlayground, type PlaygroundOptions } from "../../src/playground.ts";

/** A playground in which nothing changes by itself; without a page, unless it is given one. */
export function quietPlayground(content = "one two three", options: Partial<PlaygroundOptions> = {}): OwnPlayground {
  return createPlayground({ text: { title: "text.md", content }, pages: new Map(), ...options });
}
