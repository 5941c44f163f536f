import { Link, type LinkOptions } from "./link.ts";
import { type Script, script } from "./lua.ts";

/**
 * Writes something if the stream has a position, so that the replicas that have this write have the position too. KEYS: meta, log,
 * checkpoint. ARGV: epoch, seq, expireMs. Gives '1' or '0'.
 */
const FENCE: Script = script(`
local head = redis.call('HMGET', KEYS[1], 'e', 'n')
local there = head[1] == ARGV[1] and head[2] == ARGV[2]
if not there then
  local x = redis.call('XRANGE', KEYS[2], ARGV[2] .. '-0', ARGV[2] .. '-0')[1]
  there = x and x[2][2] == ARGV[1]
end
if not there then return '0' end
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[3]) end
return '1'`);

/**
 * Finds out what replicas have. WAIT counts the writes of its own connection, and blocks it: so this has one of its own, on which a
 * write precedes each WAIT. It is opened when it is needed first.
 */
export class Fences {
  readonly #link: Link;
  #isOpen = false;

  constructor(options: LinkOptions) {
    this.#link = new Link(options);
  }

  /** How many replicas have the position; `undefined` where Redis does not have it, or the connection was replaced meanwhile. */
  async replicas(
    keys: readonly string[],
    args: readonly string[],
    wanted: number,
    withinMs: number,
  ): Promise<number | undefined> {
    if (!this.#isOpen) this.#link.reopen();
    this.#isOpen = true;
    const id = ["CLIENT", "ID"];
    const fence = ["EVAL", FENCE.source, String(keys.length), ...keys, ...args];
    const wait = ["WAIT", String(wanted), String(Math.max(1, Math.ceil(withinMs)))];
    try {
      const replies = await this.#link.use((client) => client.sendCommands([id, fence, wait, id], keys[0] ?? ""));
      const [before, isThere, count, after] = replies;
      return isThere === "1" && before === after ? Number(count) : undefined;
    } catch (error) {
      // Such a server may be a replica by now, or hang.
      if (error instanceof Error && /^(READONLY|Redis (did not answer|could not be reached))/.test(error.message))
        this.#isOpen = false;
      throw error;
    }
  }

  close(): void {
    this.#link.close();
  }
}
