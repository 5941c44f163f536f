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

interface Fence {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly resolve: (count: number | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** How many positions share one WAIT. */
const MAX_FENCES = 500;

/**
 * Finds out what replicas have. WAIT counts the writes of its own connection, and blocks it, so this has a connection of its
 * own, opened at first use, on which writes precede each WAIT. Calls that are made while a WAIT is under way share the next one.
 */
export class Fences {
  readonly #link: Link;
  readonly #isCluster: boolean;
  /** By how many replicas are wanted, and in a cluster by stream: each of them waits for its turn by itself. */
  readonly #waiting = new Map<string, Fence[]>();
  #isOpen = false;

  constructor(options: LinkOptions, isCluster: boolean) {
    this.#link = new Link(options);
    this.#isCluster = isCluster;
  }

  /** How many replicas have the position; `undefined` where Redis does not have it, or the connection was replaced meanwhile. */
  replicas(
    keys: readonly string[],
    args: readonly string[],
    wanted: number,
    withinMs: number,
  ): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const group = `${wanted} ${this.#isCluster ? keys[0] : ""}`;
      const waiting = this.#waiting.get(group);
      const fence = { keys, args, resolve, reject };
      if (waiting !== undefined) {
        waiting.push(fence);
        return;
      }
      this.#waiting.set(group, [fence]);
      void this.#run(group, wanted, withinMs);
    });
  }

  close(): void {
    this.#link.close();
  }

  /** Repeats until no call of the group is waiting. */
  async #run(group: string, wanted: number, withinMs: number): Promise<void> {
    await Promise.resolve();
    for (;;) {
      const fences = this.#waiting.get(group)?.splice(0, MAX_FENCES) ?? [];
      if (fences.length === 0) break;
      await this.#ask(fences, wanted, withinMs);
    }
    this.#waiting.delete(group);
  }

  async #ask(fences: readonly Fence[], wanted: number, withinMs: number): Promise<void> {
    if (!this.#isOpen) this.#link.reopen();
    this.#isOpen = true;
    const id = ["CLIENT", "ID"];
    const writes = fences.map(({ keys, args }) => ["EVAL", FENCE.source, String(keys.length), ...keys, ...args]);
    const wait = ["WAIT", String(wanted), String(Math.max(1, Math.ceil(withinMs)))];
    const key = fences[0]?.keys[0] ?? "";
    try {
      const replies = await this.#link.use((client) => client.sendCommands([id, ...writes, wait, id], key));
      const count = Number(replies.at(-2));
      const isSame = replies[0] === replies.at(-1);
      for (const [n, { resolve }] of fences.entries()) resolve(replies[n + 1] === "1" && isSame ? count : undefined);
    } catch (error) {
      // Such a server may be a replica by now, or hang.
      if (error instanceof Error && /^(READONLY|Redis (did not answer|could not be reached))/.test(error.message))
        this.#isOpen = false;
      for (const { reject } of fences) reject(error);
    }
  }
}
