import type { FaultName } from "./schedule.ts";
import type { Transform } from "./transform.ts";

/** A build with one of its safeguards taken out, which the rig must find. */
export interface Mutant extends Transform {
  /** The faults that its safeguard is for. */
  readonly faults: readonly FaultName[];
  /** Why the rig cannot catch it: what else keeps what must hold. */
  readonly uncaught?: string;
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
      find: "if meta[3] ~= ARGV[a + 2] then return {'fenced', e, meta[2]} end",
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

/** A client resumes at the number of its position, whatever its epoch. */
const resumeBySeq: Mutant = {
  name: "resume-by-seq",
  faults: ["failover-writer-kill", "split-brain"],
  edits: [
    {
      file: "core/dist/state/state-stream.js",
      find: "if (!this.log.includes(id.epoch, id.seq))",
      replace: "if (!this.log.includes(this.log.epochAt(id.seq), id.seq))",
    },
  ],
};

/** A writer takes a publish whose outcome is unknown for one that worked. */
const timeoutIsOk: Mutant = {
  name: "timeout-is-ok",
  faults: ["writer-cut", "writer-black-hole", "redis-pause"],
  edits: [
    {
      file: "redis/dist/cluster/publication.js",
      find: "const reply = await engine.publish(key, request);",
      replace:
        'const reply = await engine.publish(key, request).catch(() => ({ status: "ok", head: this.#made, broken: false }));',
    },
  ],
};

/** A node takes over what Redis has at once where that is older than its copy, without time for the writer to restore it. */
const noPatience: Mutant = {
  name: "no-patience",
  faults: ["failover", "redis-restart"],
  edits: [
    {
      file: "redis/dist/cluster/follower.js",
      find: "return this.#aheadSince !== undefined && this.#clock.elapsed() - this.#aheadSince >= REPAIR_MS;",
      replace: "return true;",
    },
  ],
};

/** A writer that finds nothing installs its stream, also where another one has been faster. */
const installOver: Mutant = {
  name: "install-over",
  // Nodes that create the same stream at the same moment are enough.
  faults: ["script-flush"],
  edits: [
    {
      file: "redis/dist/redis/writer-scripts.js",
      find: "if ARGV[4] ~= '1' and not (ours and meta[1] == ARGV[7] and meta[2] == ARGV[8]) then return {'exists'} end\n  if not ours then return {'fenced'} end",
      replace: "",
    },
  ],
};

/** A writer that finds Redis at one of its numbers publishes what comes after it, whatever the epoch there is. */
const restoreBySeq: Mutant = {
  name: "restore-by-seq",
  faults: ["split-brain"],
  uncaught:
    "a writer that was away while another one led finds the lease held, and stops; ring.test.ts of packages/redis shows the comparison",
  edits: [
    {
      file: "redis/dist/cluster/ring.js",
      find: "commit.first === seq + 1 && commit.previous === epoch",
      replace: "commit.first === seq + 1",
    },
  ],
};

/** What arrives while a node reads is not kept. */
const noBuffer: Mutant = {
  name: "no-buffer",
  faults: ["node-cut", "pubsub-kill"],
  uncaught: "the next entry or the comparison with the head shows the gap, and what is missing is read: it costs reads",
  edits: [
    {
      file: "redis/dist/cluster/follower.js",
      find: "this.#buffer.push(message.entry);",
      replace: "return;",
    },
  ],
};

/** Redis does not remember which updates it has appended. */
const noUpdateIds: Mutant = {
  name: "no-update-ids",
  faults: ["redis-pause", "node-black-hole"],
  edits: [{ file: "redis/dist/redis/update-scripts.js", find: "\nif done then\n", replace: "\nif false then\n" }],
};

const all = [
  noPredecessorCheck,
  noHeadChecks,
  noFencing,
  noNonceRotation,
  epochInRedis,
  resumeBySeq,
  timeoutIsOk,
  noPatience,
  installOver,
  restoreBySeq,
  noBuffer,
  noUpdateIds,
];

export const mutants: Readonly<Record<string, Mutant>> = Object.fromEntries(all.map((mutant) => [mutant.name, mutant]));
