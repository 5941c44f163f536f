import type {
  AcquireReply,
  AppendReply,
  AppendRequest,
  Checkpoint,
  Commit,
  InstallReply,
  InstallRequest,
  Message,
  Position,
  PublishReply,
  PublishRequest,
  ReadReply,
} from "../../src/cluster/engine.ts";

/** What the engine keeps of a stream under three keys, any of which may be gone. */
interface Kept {
  meta: { head: Position; owner: string; leaseMs: number; leaseUntil: number; checkpointSeq: number } | undefined;
  log: Commit[] | undefined;
  checkpoint: Checkpoint | undefined;
  /** Where writes ended, by their IDs. */
  done: Map<string, { position: Position; until: number; answer?: string }>;
  bytes: number;
  expiresAt: number;
}

type Emit = (message: Message) => void;

/** The data of the in-memory engine: what the scripts of the Redis engine do, said in TypeScript. */
export class MemoryDataset {
  readonly #streams: Map<string, Kept>;
  readonly #now: () => number;
  readonly #expireMs: number;

  constructor(now: () => number, expireMs: number, streams = new Map<string, Kept>()) {
    this.#now = now;
    this.#expireMs = expireMs;
    this.#streams = streams;
  }

  copy(): MemoryDataset {
    return new MemoryDataset(this.#now, this.#expireMs, structuredClone(this.#streams));
  }

  emptied(): MemoryDataset {
    return new MemoryDataset(this.#now, this.#expireMs);
  }

  evict(key: string, part: "meta" | "log" | "checkpoint"): void {
    const kept = this.#streams.get(key);
    if (kept) kept[part] = undefined;
  }

  publish(key: string, request: PublishRequest, emit: Emit): PublishReply {
    const kept = this.#kept(key);
    const meta = kept?.meta;
    if (!kept || !meta) return { status: "empty" };
    if (meta.owner !== request.owner) return { status: "fenced", head: meta.head };
    if (request.check) this.#touch(kept);

    // An entry that is there says that those before it are, or were.
    const there = request.entries.findLastIndex(
      ({ epoch, last }) =>
        isAt(meta.head, { epoch, seq: last }) || kept.log?.some((e) => e.last === last && e.epoch === epoch),
    );
    for (const entry of request.entries.slice(0, there + 1)) emit({ kind: "entry", entry });
    for (const entry of request.entries.slice(there + 1)) {
      if (meta.head.seq < entry.first - 1) return { status: "behind", head: meta.head };
      if (!isAt(meta.head, { epoch: entry.previous, seq: entry.first - 1 }))
        return { status: "conflict", head: meta.head };
      (kept.log ??= []).push(entry);
      meta.head = { epoch: entry.epoch, seq: entry.last };
      emit({ kind: "entry", entry });
    }
    if (request.checkpoint && isAt(meta.head, request.checkpoint.position)) {
      kept.checkpoint = request.checkpoint;
      meta.checkpointSeq = request.checkpoint.position.seq;
    }
    const keepFrom = Math.min(request.keepFrom, meta.checkpointSeq + 1);
    kept.log = kept.log?.filter(({ last }) => last >= keepFrom);
    for (const { id, text } of request.answers)
      kept.done.set(id, { position: meta.head, until: this.#now() + request.answerMs, answer: text });
    this.#lease(meta, request.owner, request.leaseMs);
    return { status: "ok", head: meta.head, broken: request.check && isBroken(kept, meta.head) };
  }

  read(key: string, have: Position | undefined): ReadReply {
    const kept = this.#kept(key);
    const head = kept?.meta?.head;
    if (!kept || !head) return { status: "empty" };
    if (have) {
      if (isAt(head, have)) return { status: "tail", head, entries: [] };
      if (have.seq > head.seq) return { status: "ahead", head };
      const rest = kept.log?.filter(({ last }) => last > have.seq) ?? [];
      const next = rest[0];
      const epochThere = next && (next.first === have.seq + 1 ? next.previous : next.epoch);
      if (next && next.first <= have.seq + 1 && epochThere === have.epoch)
        return { status: "tail", head, entries: rest };
    }
    if (!kept.checkpoint || isBroken(kept, head)) return { status: "broken", head };
    return { status: "snapshot", head, checkpoint: kept.checkpoint, entries: [...(kept.log ?? [])] };
  }

  append(key: string, { id, idMs, commit }: AppendRequest, until: number, emit: Emit): AppendReply {
    const kept = this.#kept(key);
    const meta = kept?.meta;
    if (!kept || !meta) return { status: "empty" };
    const done = kept.done.get(id);
    if (done && this.#now() < done.until && done.position.seq <= meta.head.seq) {
      const { epoch, last } = commit;
      if (isAt(meta.head, done.position) && isAt(done.position, { epoch, seq: last }))
        emit({ kind: "entry", entry: commit });
      return { status: "done", position: done.position };
    }
    if (this.#now() > until) return { status: "late" };
    if (meta.owner !== "") {
      if (meta.leaseUntil - this.#now() > meta.leaseMs) this.#lease(meta, meta.owner, meta.leaseMs);
      const remainingMs = meta.leaseUntil - this.#now();
      if (remainingMs > 0) return { status: "held", remainingMs };
      meta.owner = "";
      meta.leaseUntil = 0;
    }
    if (!isAt(meta.head, { epoch: commit.previous, seq: commit.first - 1 }))
      return { status: "conflict", head: meta.head };
    (kept.log ??= []).push(commit);
    meta.head = { epoch: commit.epoch, seq: commit.last };
    kept.done.set(id, { position: meta.head, until: this.#now() + idMs });
    this.#touch(kept);
    kept.bytes += commit.body.length;
    const { checkpoint } = kept;
    const due =
      !checkpoint ||
      commit.last - checkpoint.position.seq > 200 ||
      kept.bytes > Math.max(32_768, checkpoint.body.length);
    emit({ kind: "entry", entry: commit });
    return { status: "ok", due };
  }

  putCheckpoint(key: string, checkpoint: Checkpoint): void {
    const kept = this.#kept(key);
    const head = kept?.meta?.head;
    const { seq, epoch } = checkpoint.position;
    const before = kept?.checkpoint?.position.seq;
    if (!kept || !head || (before !== undefined && before >= seq)) return;
    if (!isAt(head, checkpoint.position) && !kept.log?.some((entry) => entry.last === seq && entry.epoch === epoch))
      return;
    kept.checkpoint = checkpoint;
    if (kept.meta) kept.meta.checkpointSeq = seq;
    kept.bytes = 0;
    if (before !== undefined) kept.log = kept.log?.filter(({ last }) => last > before);
    this.#touch(kept);
  }

  install(key: string, request: InstallRequest, emit: Emit): InstallReply {
    const { owner, checkpoint, entries, leaseMs, force } = request;
    const meta = this.#kept(key)?.meta;
    if (meta) {
      const ours = meta.owner === owner;
      // A repetition of the request that installed the stream must succeed.
      if (!force && !(ours && isAt(meta.head, checkpoint.position))) return { status: "exists" };
      if (!ours) return { status: "fenced" };
    }
    const kept: Kept = {
      meta: {
        head: checkpoint.position,
        owner,
        leaseMs,
        leaseUntil: this.#now() + leaseMs,
        checkpointSeq: checkpoint.position.seq,
      },
      log: [...entries],
      checkpoint,
      done: this.#streams.get(key)?.done ?? new Map(),
      bytes: 0,
      expiresAt: 0,
    };
    this.#touch(kept);
    this.#streams.set(key, kept);
    emit({ kind: "head" });
    return { status: "ok" };
  }

  acquire(key: string, owner: string, leaseMs: number): AcquireReply {
    const kept = this.#kept(key);
    const meta = kept?.meta;
    if (!kept || !meta) return { status: "empty" };
    if (meta.owner !== "" && meta.owner !== owner) {
      // The clock was set back. The lease begins anew: its owner may be alive, and renews it by then.
      if (meta.leaseUntil - this.#now() > meta.leaseMs) this.#lease(meta, meta.owner, meta.leaseMs);
      const remainingMs = meta.leaseUntil - this.#now();
      if (remainingMs > 0) return { status: "held", remainingMs };
    }
    this.#lease(meta, owner, leaseMs);
    this.#touch(kept);
    return { status: "ok", head: meta.head, broken: isBroken(kept, meta.head) };
  }

  release(key: string, owner: string, emit: Emit): void {
    const meta = this.#kept(key)?.meta;
    if (meta?.owner !== owner) return;
    meta.owner = "";
    meta.leaseUntil = 0;
    emit({ kind: "head" });
  }

  answerOf(key: string, id: string): string | undefined {
    const kept = this.#kept(key);
    const done = kept?.done.get(id);
    if (!kept?.meta || !done || this.#now() >= done.until || done.position.seq > kept.meta.head.seq) return undefined;
    return done.answer;
  }

  head(key: string): Position | undefined {
    return this.#kept(key)?.meta?.head;
  }

  #kept(key: string): Kept | undefined {
    const kept = this.#streams.get(key);
    if (kept && this.#now() >= kept.expiresAt) this.#streams.delete(key);
    return this.#streams.get(key);
  }

  #lease(meta: NonNullable<Kept["meta"]>, owner: string, leaseMs: number): void {
    Object.assign(meta, { owner, leaseMs, leaseUntil: this.#now() + leaseMs });
  }

  #touch(kept: Kept): void {
    kept.expiresAt = this.#now() + this.#expireMs;
  }
}

function isAt(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.epoch === b.epoch;
}

function isBroken({ checkpoint, log }: Kept, head: Position): boolean {
  if (!checkpoint) return true;
  const { seq } = checkpoint.position;
  // A log that was lost starts anew, so it is whole if it has the first entry after the checkpoint and the last one.
  return seq !== head.seq && !(log?.some(({ first }) => first === seq + 1) && log.at(-1)?.last === head.seq);
}
