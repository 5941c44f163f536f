import type { FaultName } from "./schedule.ts";
import type { Transform } from "./transform.ts";

/** A build with one of its safeguards taken out, which the rig must find. */
export interface Mutant extends Transform {
  /** The faults that its safeguard is for. */
  readonly faults: readonly FaultName[];
}

/** A version to come: it says more of each event than this one knows. */
export const newerBuild: Transform = {
  name: "newer build",
  edits: [
    {
      file: "core/dist/replication/commit.js",
      find: `(hidden ? HIDDEN : "") + textOfUpdate(body)`,
      replace: `(hidden ? HIDDEN : "") + textOfUpdate(body).replace(/}$/, ',"weight":{"of":"a version to come"}}')`,
    },
  ],
};

/** Nobody looks whether an entry builds on the state there is: only its number counts. */
const noPredecessorCheck: Mutant = {
  name: "no-predecessor-check",
  faults: ["failover-writer-kill", "split-brain"],
  edits: [
    { file: "redis/dist/cluster/follower.js", find: " || entry.previous !== position.epoch", replace: "" },
    { file: "core/dist/replication/followed-state-stream.js", find: " || position.epoch !== previous", replace: "" },
    {
      file: "redis/dist/redis/read-scripts.js",
      find: "if first <= have + 1 and epoch == ARGV[1] then",
      replace: "if first <= have + 1 then",
    },
  ],
};

/** Nodes never compare their copy with what Redis has: a message that was lost is missed only when the next one comes. */
const noHeadChecks: Mutant = {
  name: "no-head-checks",
  faults: ["pubsub-kill"],
  edits: [
    {
      file: "redis/dist/cluster/registry.js",
      find: "const followers = [...this.#members.values()]",
      replace: "const followers = []",
    },
  ],
};

/** Redis appends what any writer sends, with or without the lease. */
const noFencing: Mutant = {
  name: "no-fencing",
  faults: ["writer-pause", "writer-black-hole"],
  edits: [
    {
      file: "redis/dist/redis/writer-scripts.js",
      find: "if meta[3] ~= ARGV[2] then return {'fenced', e, meta[2]} end",
      replace: "",
    },
  ],
};

/** A writer draws its nonce once, and keeps it when it leads again or has dropped entries that it may have sent. */
const noNonceRotation: Mutant = {
  name: "no-nonce-rotation",
  faults: ["split-brain"],
  edits: [
    {
      file: "redis/dist/cluster/session-start.js",
      find: "const epoch = host.session.clock.epoch();\n        const position",
      replace: "const epoch = host.session.owner;\n        const position",
    },
    {
      file: "redis/dist/cluster/session-start.js",
      find: "const epoch = host.session.clock.epoch();\n            session",
      replace: "const epoch = host.session.owner;\n            session",
    },
    {
      file: "redis/dist/cluster/publication.js",
      find: "this.#continued.rebase(text, clock.epoch());",
      replace: "this.#continued.rebase(text, this.#host.owner);",
    },
  ],
};

/** The epoch belongs to the data in Redis, not to the writer: each new leader continues under the existing one. */
const epochInRedis: Mutant = {
  name: "epoch-in-redis",
  faults: ["failover-writer-kill", "split-brain"],
  edits: [
    {
      file: "redis/dist/cluster/session-start.js",
      find: "const epoch = host.session.clock.epoch();\n            session",
      replace: "const { epoch } = position;\n            session",
    },
    {
      file: "redis/dist/cluster/publication.js",
      find: "this.#continued.rebase(text, clock.epoch());",
      replace: "this.#continued.rebase(text, reply.head.epoch);",
    },
  ],
};

export const mutants: Readonly<Record<string, Mutant>> = Object.fromEntries(
  [noPredecessorCheck, noHeadChecks, noFencing, noNonceRotation, epochInRedis].map((mutant) => [mutant.name, mutant]),
);
