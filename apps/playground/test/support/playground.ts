import { createPlayground, type Playground } from "../../src/playground.ts";

/** A playground in which nothing changes by itself. */
export function quietPlayground(content = "one two three"): Playground {
  return createPlayground({ title: "text.md", content });
}
