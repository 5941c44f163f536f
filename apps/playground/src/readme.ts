import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Text } from "./transcript.ts";

const README = fileURLToPath(new URL("../../../README.md", import.meta.url));

/** @throws {Error} whose message is one line for the person who moved it. */
export function readReadme(): Text {
  try {
    return { title: basename(README), content: readFileSync(README, "utf8") };
  } catch (cause) {
    throw new Error(`The playground types out the repository's README.md, which is not at ${README}.`, { cause });
  }
}
