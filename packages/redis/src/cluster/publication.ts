import type { StateStreamError } from "@statestream/core";
import {
  type Clock,
  type ContinuedStream,
  hasKnownCheckpointFormat,
  hasKnownFormat,
} from "@statestream/core/backplane";
import { checkpointAtHead, CheckpointPace } from "./checkpoints.ts";
import type { CommitBudget } from "./commit-budget.ts";
import type { AcquireReply, Answer, Checkpoint, Commit, Engine, Position } from "./engine.ts";
import { Pending } from "./pending.ts";
import { isSame } from "./position.ts";
import { LogWindow } from "./log-window.ts";
import type { LargeCalls } from "./large-calls.ts";
import { Ring } from "./ring.ts";

/** What a publication needs of its session. */
export interface PublicationHost {
  readonly key: string;
  readonly engine: Engine;
  readonly largeCalls: LargeCalls;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  /** What the writers of this node keep. */
  readonly commits: CommitBudget;
  /** There is a change to publish. */
  changed(): void;
  /** The engine confirmed that the lease is held. */
  renewed(): void;
  /** When the next renewal is due: milliseconds elapsed. */
  readonly renewAt: number;
  /** Another writer leads, or has led, or the stream has commits that only a later version can read. */
  lost(): Promise<void>;
  /** The changes not stored yet are published under other seqs, which end at `seq`. */
  moved(seq: number): void;
  readonly report: (error: StateStreamError) => void;
}

/** How long the answer to a command is kept, in milliseconds. */
const ANSWER_MS = 10 * 60_000;

/** What the engine needs before anything can be published. */
type Repair = "install" | "install-by-force" | "rebase";

/**
 * What a session has made and what the engine has of it. `step` makes the next call that brings them together: it publishes in
 * order, sends the same commits again where the outcome is unknown, and restores what the engine has lost.
 */
export class Publication<S extends object> {
  /** How many entries, or whole streams, the engine was given again. */
  repairs = 0;
  readonly #host: PublicationHost;
  readonly #continued: ContinuedStream<S>;
  readonly #ring: Ring;
  readonly #window = new LogWindow();
  readonly #pending: Pending;
  readonly #pace = new CheckpointPace();
  /** Answers to store with the change of this seq. */
  #answers: (Answer & { readonly seq: number })[] = [];
  /** The last position that the engine is known to have, and the last one that was made. */
  #accepted: Position;
  #made: Position;
  #repair: Repair | undefined;
  /** When the engine was last asked to check whether it has the whole stream: milliseconds elapsed. */
  #checkedAt = -Infinity;
  /** The engine must confirm that it still has the stream. */
  #mustConfirm = false;
  #ended = false;
  /** The last seq that the engine had acknowledged and then lost; 0 once it has everything again. */
  #vanishedUntil = 0;

  /** The engine holds the stream at `position`, with these entries before it. */
  constructor(
    host: PublicationHost,
    position: Position,
    entries: readonly Commit[],
    make: (onCommit: (commit: Commit) => void) => ContinuedStream<S>,
  ) {
    this.#host = host;
    this.#accepted = position;
    this.#made = position;
    this.#ring = new Ring(host.commits);
    this.#pending = new Pending(host.commits);
    this.#stored(entries);
    this.#pace.appended(entries);
    this.#continued = make((commit) => this.#changed(commit));
  }

  get stream(): ContinuedStream<S>["stream"] {
    return this.#continued.stream;
  }

  /** The last position that was made. */
  get made(): Position {
    return this.#made;
  }

  /** The last position that the engine is known to have. */
  get accepted(): Position {
    return this.#accepted;
  }

  /** How many commits the engine has not acknowledged. */
  get pending(): number {
    return this.#pending.count;
  }

  /** Those commits; empty where there were too many to keep. */
  get pendingCommits(): readonly Commit[] {
    return this.#pending.entries;
  }

  /** Whether some of those commits had been acknowledged before the engine lost them. */
  get hasVanished(): boolean {
    return this.#vanishedUntil > 0;
  }

  /** Whether the engine has what was made here, up to `accepted`. */
  get isSettled(): boolean {
    return this.#repair === undefined && !this.#pending.overflowed && !this.#mustConfirm;
  }

  checkpoint(): string {
    return this.#continued.checkpoint();
  }

  /** Starts at a checkpoint of `position`; where the state here differs, the difference is the first change. */
  rebase(checkpoint: string, epoch: string): void {
    this.#continued.rebase(checkpoint, epoch);
  }

  /** Stores an answer together with the last change, unless the engine already has that change. */
  storeAnswer(id: string, text: string): void {
    if (this.#made.seq > this.#accepted.seq) this.#answers.push({ id, text, seq: this.#made.seq });
  }

  /** Not settled until the engine has confirmed once more that it has the stream. */
  mustConfirm(): void {
    this.#mustConfirm = true;
  }

  /** Publishes nothing more; the outcome of a call under way is ignored. */
  end(): void {
    this.#ended = true;
    this.#ring.clear();
    this.#pending.clear();
    void this.#continued.stream.close();
  }

  /** The next call to the engine; `undefined` when none is due. One at a time. */
  step(): Promise<void> | undefined {
    if (this.#repair === "rebase") return this.#rebase();
    if (this.#repair !== undefined) return this.#install(this.#repair === "install-by-force");
    if (this.#pending.overflowed) return this.#rebase();
    if (this.#pending.count > 0) return this.#publish();
    return this.#mustConfirm || this.#host.clock.elapsed() >= this.#host.renewAt ? this.#renew() : undefined;
  }

  #changed(entry: Commit): void {
    this.#made = { epoch: entry.epoch, seq: entry.last };
    this.#pending.add(entry, this.#host.clock.elapsed());
    this.#host.changed();
  }

  async #publish(): Promise<void> {
    const { key, engine, clock, owner, leaseMs } = this.#host;
    const entries = this.#pending.batch();
    // The stream is where the last change is, so only a batch that ends there can have a checkpoint.
    const whole = entries.length === this.#pending.count;
    const checkpoint = whole && this.#pace.isDueAfter(entries) ? this.#checkpoint() : undefined;
    const until = entries.at(-1)?.last ?? 0;
    const answers = this.#answers.filter(({ seq }) => seq <= until);
    const { keepFrom } = this.#window;
    const now = clock.elapsed();
    const check = now - this.#checkedAt >= leaseMs / 3;
    const request = { owner, entries, checkpoint, keepFrom, leaseMs, check, answers, answerMs: ANSWER_MS };
    const reply = await engine.publish(key, request);
    if (this.#ended) return;
    if (check) this.#checkedAt = now;
    if (reply.status === "ok") this.#answers = this.#answers.filter((answer) => !answers.includes(answer));
    switch (reply.status) {
      case "ok":
        this.#accept(entries, checkpoint);
        if (reply.broken) this.#repair = "install-by-force";
        return;
      case "behind":
        // The lease is still ours, so nobody else has written there.
        if (!this.#restore(reply.head)) this.#repair = "rebase";
        return;
      case "conflict":
        this.#repair = "rebase";
        return;
      case "empty":
        this.#repair = "install";
        return;
      case "broken":
        this.#repair = "install-by-force";
        return;
      case "fenced":
        // The engine may only have forgotten whose lease it is.
        return await this.#renew();
    }
  }

  async #renew(): Promise<void> {
    const { key, engine, owner, leaseMs } = this.#host;
    const reply = await engine.acquire(key, owner, leaseMs);
    if (this.#ended) return;
    if (reply.status === "empty") this.#repair = "install";
    else if (reply.status === "held" || !this.#resume(reply)) await this.#host.lost();
  }

  /** Continues with a lease that another writer may have had meanwhile: nothing that one wrote may be overwritten. */
  #resume({ head, broken }: Extract<AcquireReply, { readonly status: "ok" }>): boolean {
    if (!this.#restore(head)) {
      // Where the head is a commit that precedes the last one in its epoch, nobody has written after it: what the engine has lost is
      // not kept any more, but the state here has it.
      const { epoch, seq } = this.#accepted;
      if (head.epoch !== epoch || head.seq >= seq) return false;
      this.#vanishedUntil = Math.max(this.#vanishedUntil, seq);
      this.#repair = "rebase";
    }
    if (broken) this.#repair = "install-by-force";
    this.#renewed();
    return true;
  }

  /** Whether the engine is at a position of this session. Entries that it had after that position become pending again. */
  #restore(head: Position): boolean {
    if (isSame(head, this.#accepted)) return true;
    const { entries } = this.#pending;
    // A call whose outcome was unknown had worked.
    const there = entries.findIndex(({ epoch, last }) => isSame(head, { epoch, seq: last }));
    if (there >= 0) this.#accept(entries.slice(0, there + 1), undefined);
    const vanished = there >= 0 ? [] : this.#ring.takeAfter(head);
    if (vanished === undefined) return false;
    this.#window.remove(vanished);
    this.#accepted = head;
    this.repairs += vanished.length;
    this.#vanishedUntil = Math.max(this.#vanishedUntil, vanished.at(-1)?.last ?? 0);
    if (!this.#pending.overflowed) this.#pending.prepend(vanished, this.#host.clock.elapsed());
    return true;
  }

  /** Installs the stream again at the same position: a client that was at that position needs nothing more. */
  async #install(force: boolean): Promise<void> {
    const { key, largeCalls, owner, leaseMs } = this.#host;
    const { overflowed } = this.#pending;
    const pending = [...this.#pending.entries];
    const entries = overflowed ? [] : [...this.#ring.from(this.#window.keepFrom), ...pending];
    const checkpoint = this.#checkpoint();
    const reply = await largeCalls.install(key, { owner, checkpoint, entries, leaseMs, force });
    if (this.#ended) return;
    this.#repair = undefined;
    // Another writer installed it first; who holds the lease decides.
    if (reply.status !== "ok") return await this.#renew();
    this.repairs++;
    this.#accept(pending, checkpoint);
    this.#accepted = checkpoint.position;
    this.#vanishedUntil = 0;
    if (!overflowed) return;
    this.#ring.clear();
    this.#window.clear();
    // The checkpoint has what overflowed, unless more changes were made while it was on its way.
    if (isSame(this.#made, this.#accepted)) this.#pending.clear();
  }

  /** Continues from what the engine has, under a new epoch: what differs here is published as one change. */
  async #rebase(): Promise<void> {
    const { key, largeCalls, clock } = this.#host;
    const reply = await largeCalls.read(key, undefined);
    if (this.#ended) return;
    if (reply.status !== "snapshot") {
      this.#repair = reply.status === "empty" ? "install" : "install-by-force";
      return;
    }
    // A node of a later version wrote them: replacing them would lose its changes, so this node must not lead.
    const isKnown = hasKnownCheckpointFormat(reply.checkpoint.body) && reply.entries.every(hasKnownFormat);
    if (!isKnown) return await this.#host.lost();
    const text = this.#readable(() => checkpointAtHead(reply.checkpoint.body, reply.entries, clock));
    if (text === undefined) {
      this.#repair = "install-by-force";
      return;
    }
    this.#repair = undefined;
    // Dropped entries may have been sent, so their seqs are not used again under their epoch.
    this.#pending.clear();
    this.#ring.clear();
    this.#window.clear();
    this.#stored(reply.entries);
    this.#accepted = reply.head;
    this.#made = reply.head;
    this.#continued.rebase(text, clock.epoch());
    // What vanished is part of the difference.
    if (this.#vanishedUntil > 0) this.#vanishedUntil = this.#made.seq > this.#accepted.seq ? this.#made.seq : 0;
    this.#host.moved(this.#made.seq);
    this.#answers = this.#answers.map((answer) => ({ ...answer, seq: this.#made.seq }));
  }

  /** `undefined` where what the engine holds of the stream is damaged: the state here replaces it. */
  #readable(read: () => string): string | undefined {
    try {
      return read();
    } catch (error) {
      this.#host.report(error as StateStreamError);
      return undefined;
    }
  }

  #checkpoint(): Checkpoint {
    return { position: this.#made, body: this.#continued.checkpoint() };
  }

  /** The engine has these entries, which were the first pending ones. */
  #accept(entries: readonly Commit[], checkpoint: Checkpoint | undefined): void {
    const last = entries.at(-1);
    if (last !== undefined) this.#accepted = { epoch: last.epoch, seq: last.last };
    if (this.#accepted.seq >= this.#vanishedUntil) this.#vanishedUntil = 0;
    this.#pending.accept(entries.length);
    this.#pace.appended(entries);
    if (checkpoint !== undefined) {
      this.#pace.stored(checkpoint.body.length);
      this.#window.measured(checkpoint.body.length);
    }
    this.#stored(entries);
    this.#renewed();
  }

  /** The engine has these entries, which are its newest. */
  #stored(entries: readonly Commit[]): void {
    const now = this.#host.clock.elapsed();
    this.#window.add(entries, now);
    this.#ring.add(entries, now);
  }

  #renewed(): void {
    this.#mustConfirm = false;
    this.#host.renewed();
  }
}
