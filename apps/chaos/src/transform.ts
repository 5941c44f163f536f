import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A changed build of our packages: in one file, one piece of text becomes another. Nothing on disk is touched. */
export interface Transform {
  readonly name: string;
  readonly edits: readonly Edit[];
}

export interface Edit {
  /** Such as `redis/dist/follower.js`, below packages/. */
  readonly file: string;
  /** Found exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** What `node` is started with, so that it loads the changed build. */
export function transformArgs(transform: Transform | undefined): string[] {
  if (transform === undefined) return [];
  const register = new URL("./register-transform.js", import.meta.url);
  register.searchParams.set("edits", JSON.stringify(transform.edits));
  return ["--import", register.href];
}

/** Makes sure that each edit changes something, before a run relies on it. Throws with what is wrong. */
export function checkTransform({ name, edits }: Transform): void {
  for (const { file, find } of edits) {
    const source = readFileSync(fileURLToPath(new URL(`../../../packages/${file}`, import.meta.url)), "utf8");
    const times = source.split(find).length - 1;
    if (times !== 1) throw new Error(`${name}: packages/${file} has this ${times} times, not once:\n${find}`);
  }
}
