import type { Checkpoint, Entry, Request } from "./facts.ts";

/** The scripts a writer calls, and what they are called with; packages/redis/src/redis/writer-scripts.ts documents it. */
type ScriptName = "PUBLISH" | "INSTALL" | "ACQUIRE" | "RELEASE";

const scripts = (await import(
  new URL("../../../packages/redis/dist/redis/writer-scripts.js", import.meta.url).href
)) as Record<ScriptName, { readonly source: string; readonly sha: string }>;

/** Which script a command calls, by its digest or its text. */
const names = new Map<string, ScriptName>();
for (const name of ["PUBLISH", "INSTALL", "ACQUIRE", "RELEASE"] as const) {
  names.set(scripts[name].sha, name);
  names.set(scripts[name].source, name);
}

/** What a command asks of the backplane's scripts; `undefined` for any other command. */
export function requestOf(command: readonly string[], call: number): Request | undefined {
  const [verb = "", script = "", keys = "", ...rest] = command;
  const name = /^EVAL(SHA)?$/i.test(verb) ? names.get(script) : undefined;
  const args = rest.slice(Number(keys));
  const at = (index: number): string => args[index] ?? "";
  switch (name) {
    case "PUBLISH": {
      const checkpoint = at(5) === "" ? undefined : checkpointOf(args.slice(5));
      // Beside meta, log and checkpoint there is a key for each answer.
      const answers = Number(keys) - 3;
      return { kind: "publish", call, owner: at(1), entries: entriesOf(args.slice(9 + answers)), checkpoint };
    }
    case "INSTALL": {
      const checkpoint = checkpointOf(args.slice(6));
      return { kind: "install", call, owner: at(2), entries: entriesOf(args.slice(9)), checkpoint };
    }
    case "ACQUIRE":
      return { kind: "acquire", call, owner: at(0) };
    case "RELEASE":
      return { kind: "release", call, owner: at(2) };
    case undefined:
      return undefined;
  }
}

/** Every reply begins with its status. */
export function statusOf(reply: unknown): string | undefined {
  return Array.isArray(reply) ? String(reply[0]) : undefined;
}

function checkpointOf([epoch = "", seq = "", body = ""]: readonly string[]): Checkpoint {
  return { position: { epoch, seq: Number(seq) }, body };
}

function entriesOf(args: readonly string[]): Entry[] {
  const entries: Entry[] = [];
  for (let index = 0; index < args.length; index += 5) {
    const [epoch, previous, first, last, body] = args.slice(index, index + 5) as [
      string,
      string,
      string,
      string,
      string,
    ];
    entries.push({ epoch, previous, first: Number(first), last: Number(last), body });
  }
  return entries;
}
