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
  const [verb = "", script = "", count = "", ...rest] = command;
  const name = /^EVAL(SHA)?$/i.test(verb) ? names.get(script) : undefined;
  const all = rest.slice(Number(count));
  const hasSections = name === "PUBLISH" || name === "ACQUIRE";
  // The rig has one stream, so there is one section: its number of keys, of arguments, and these.
  if (hasSections && all[0] !== "1") throw new Error(`A call has ${all[0]} sections.`);
  const keys = hasSections ? Number(all[1]) : Number(count);
  const args = hasSections ? all.slice(3) : all;
  const at = (index: number): string => args[index] ?? "";
  switch (name) {
    case "PUBLISH": {
      const checkpoint = at(6) === "" ? undefined : checkpointOf(args.slice(6));
      // Beside meta, log and checkpoint there is a key for each answer.
      const answers = keys - 3;
      return { kind: "publish", call, owner: at(1), entries: entriesOf(args.slice(10 + answers)), checkpoint };
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

/** Every reply begins with its status, or is a list with the reply of one section. The outcome of one that failed is unknown. */
export function statusOf(reply: unknown): string | undefined {
  if (!Array.isArray(reply) || reply[0] === "error") return undefined;
  return Array.isArray(reply[0]) ? statusOf(reply[0]) : String(reply[0]);
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
