import type { Link } from "./link.ts";
import type { Script } from "./lua.ts";

/** Runs scripts, which Redis caches by their digest. */
export class ScriptRunner {
  readonly #link: Link;
  readonly #onReadonly: () => void;

  /** `onReadonly`: the server is a replica now, since the primary has moved behind the same address. */
  constructor(link: Link, onReadonly: () => void) {
    this.#link = link;
    this.#onReadonly = onReadonly;
  }

  async run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown[]> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#link.use(async (client) => {
        try {
          return (await client.sendCommand(["EVALSHA", script.sha, ...rest])) as unknown[];
        } catch (error) {
          if (!isReply(error, "NOSCRIPT")) throw error;
          return (await client.sendCommand(["EVAL", script.source, ...rest])) as unknown[];
        }
      });
    } catch (error) {
      if (isReply(error, "READONLY")) this.#onReadonly();
      throw error;
    }
  }
}

function isReply(error: unknown, code: string): boolean {
  return error instanceof Error && error.message.startsWith(code);
}
