import { createPlayground, type Playground, type PlaygroundOptions } from "../../src/playground.ts";

/** A playground without a page, in which nothing changes by itself. */
export function quietPlayground(content = "one two three", pages: PlaygroundOptions["pages"] = new Map()): Playground {
  return createPlayground({ text: { title: "text.md", content }, pages });
}
