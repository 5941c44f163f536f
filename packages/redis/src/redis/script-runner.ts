import { advised } from "./advice.ts";
import type { Link } from "./link.ts";
import type { Script } from "./lua.ts";
import { slotOfKey } from "./slots.ts";

/** Runs scripts, which Redis caches by their digest. */
export class ScriptRunner {
  readonly #link: Link;
  readonly #isCluster: boolean;
  readonly #onReadonly: () => void;

  /** `onReadonly`: the server is a replica now, since the primary has moved behind the same address. */
  constructor(link: Link, isCluster: boolean, onReadonly: () => void) {
    this.#link = link;
    this.#isCluster = isCluster;
    this.#onReadonly = onReadonly;
  }

  /** There is at least one key, and in a cluster all are in one slot. */
  async run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown[]> {
    const { sha, source } = this.#isCluster ? script.sharded : script;
    const [key = ""] = keys;
    const slot = this.#isCluster ? slotOfKey(key) : 0;
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#link.use(async (client) => {
        try {
          return (await client.sendCommand(["EVALSHA", sha, ...rest], key)) as unknown[];
        } catch (error) {
          if (!isReply(error, "NOSCRIPT")) throw error;
          return (await client.sendCommand(["EVAL", source, ...rest], key)) as unknown[];
        }
      }, slot);
    } catch (error) {
      if (isReply(error, "READONLY")) this.#onReadonly();
      throw advised(error);
    }
  }
}

function isReply(error: unknown, code: string): boolean {
  return error instanceof Error && error.message.startsWith(code);
}
