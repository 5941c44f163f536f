import { Crowd } from "../clients/crowd.ts";
import { Witness } from "../clients/witness.ts";
import { quantile } from "../measure/statistics.ts";
import { Board } from "../servers/board.ts";
import { SLICE } from "../servers/protocol.ts";
import type { Subject } from "./subject.ts";

/** Somebody who takes part. */
export interface Entry {
  readonly name: string;
  readonly start: (kilobytes: number) => Promise<Subject>;
  /** Its states share nothing. */
  readonly cloned?: boolean;
  /** How many changes a round has, where not those of the plan: for those who would take minutes. */
  readonly changes?: number;
  /** Writes must be seen at the response's own `write`; where they are not, what was measured is not what the name says. */
  readonly forced?: boolean;
}

export interface Plan {
  readonly kilobytes: number;
  readonly connections: number;
  readonly rounds: number;
  /** Changes in a round. */
  readonly changes: number;
  readonly perTick?: number;
  /** For how long changes come twenty times a second, for their latency; 0 leaves that out. */
  readonly latencySeconds?: number;
  readonly progress: (text: string) => void;
}

export interface Measured {
  readonly name: string;
  /** What is wrong with it; then it was not measured. */
  readonly wrong: string | undefined;
  /** Microseconds of the server's CPU per delivered frame, round by round. */
  readonly us: number[];
  /** The same of this process, which reads it all. */
  readonly readerUs: number[];
  readonly rssPerConnection: number;
  readonly heapPerConnection: number;
  readonly latency: { readonly p50: number; readonly p99: number } | undefined;
}

const LATENCY_HZ = 20;

/** Checked, not measured: compiled code is what is compared. */
const CHECKED_CHANGES = 50;

/** An entry's server and its clients. */
class Run {
  readonly entry: Entry;
  readonly us: number[] = [];
  readonly readerUs: number[] = [];
  wrong: string | undefined;
  rssPerConnection = 0;
  heapPerConnection = 0;
  latency: Measured["latency"];
  readonly #plan: Plan;
  readonly #subject: Subject;
  readonly #crowd: Crowd;
  readonly #witness: Witness;
  /** What everybody must be on. */
  readonly #board: Board;

  private constructor(entry: Entry, plan: Plan, subject: Subject) {
    this.entry = entry;
    this.#plan = plan;
    this.#subject = subject;
    this.#board = new Board(plan.kilobytes);
    const start = subject.snapshots ? undefined : { [SLICE]: this.#board.state };
    this.#witness = new Witness(subject.port, start);
    this.#crowd = new Crowd(subject.port, subject.snapshots ? undefined : 0);
  }

  static async start(entry: Entry, plan: Plan): Promise<Run> {
    const subject = await entry.start(plan.kilobytes);
    const run = new Run(entry, plan, subject);
    try {
      await run.#join();
    } catch (error) {
      run.wrong = String(error);
    }
    return run;
  }

  async #join(): Promise<void> {
    // The first client pays for what is loaded late.
    await this.#crowd.join(1);
    const before = await this.#subject.usage(true);
    await this.#crowd.join(this.#plan.connections);
    const after = await this.#subject.usage(true);
    this.rssPerConnection = (after.rss - before.rss) / this.#plan.connections;
    this.heapPerConnection = (after.heap - before.heap) / this.#plan.connections;
  }

  /** Everybody must get every frame, and the one who keeps the state must have the right one. */
  async check(): Promise<void> {
    await this.#publish(Math.min(CHECKED_CHANGES, this.entry.changes ?? CHECKED_CHANGES), 1);
    await this.compare();
    const { details } = await this.#subject.usage(false);
    if (this.entry.forced === true && details["forcedWrites"] === 0) this.wrong ??= "not on the path it is to be on";
  }

  async compare(): Promise<void> {
    this.wrong ??= await this.#witness.compare({ [SLICE]: this.#board.state }, this.#board.seq);
  }

  async round(): Promise<void> {
    const { cpu, own, frames } = await this.#publish(this.entry.changes ?? this.#plan.changes, this.#plan.perTick ?? 1);
    this.us.push(cpu / frames);
    this.readerUs.push(own / frames);
  }

  async #publish(changes: number, perTick: number): Promise<{ cpu: number; own: number; frames: number }> {
    await this.#subject.prepare(changes, this.entry.cloned ?? false);
    for (let count = 0; count < changes; count++) this.#board.next();
    const before = this.#frames();
    const start = await this.#subject.usage(false);
    const ownStart = process.cpuUsage();
    await this.#subject.run(perTick);
    this.wrong ??= await this.#crowd.reach(this.#board.seq);
    const { user, system } = process.cpuUsage(ownStart);
    const end = await this.#subject.usage(false);
    return { cpu: end.cpu - start.cpu, own: user + system, frames: this.#frames() - before };
  }

  #frames(): number {
    return this.#crowd.updates + this.#witness.follower.updates;
  }

  async measureLatency(seconds: number): Promise<void> {
    // A naive route cannot do twenty a second.
    const changes = Math.min(this.entry.changes ?? Number.POSITIVE_INFINITY, seconds * LATENCY_HZ);
    const first = this.#board.seq + 1;
    await this.#subject.prepare(changes, this.entry.cloned ?? false);
    for (let count = 0; count < changes; count++) this.#board.next();
    const { seqs, times } = this.#crowd.record();
    const stamps = await this.#subject.run(1, changes < seconds * LATENCY_HZ ? 1 : LATENCY_HZ);
    this.wrong ??= await this.#crowd.reach(this.#board.seq);
    const waits = times.map((time, index) => time - (stamps[(seqs[index] as number) - first] as number));
    this.latency = { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99) };
  }

  async stop(): Promise<void> {
    this.#crowd.leave();
    this.#witness.leave();
    await this.#subject.stop();
  }
}

/**
 * Measures entries side by side: all servers run and hold their clients, one works at a time, in turn, round after round.
 * A contender that is wrong is named and left out.
 */
export async function measure(entries: readonly Entry[], plan: Plan): Promise<Measured[]> {
  const runs: Run[] = [];
  try {
    for (const entry of entries) {
      plan.progress(`${plan.connections} clients connect to ${entry.name}`);
      const run = await Run.start(entry, plan);
      runs.push(run);
      if (run.wrong === undefined) await run.check();
      if (run.wrong !== undefined) plan.progress(`${entry.name}: ${run.wrong}`);
    }
    const right = (): Run[] => runs.filter((run) => run.wrong === undefined);
    for (let round = 1; round <= plan.rounds; round++) {
      plan.progress(`round ${round} of ${plan.rounds}`);
      for (const run of right()) await run.round();
    }
    for (const run of (plan.latencySeconds ?? 0) > 0 ? right() : []) {
      plan.progress(`latency of ${run.entry.name}`);
      await run.measureLatency(plan.latencySeconds as number);
    }
    for (const run of right()) await run.compare();
    return runs.map(({ entry, us, readerUs, wrong, rssPerConnection, heapPerConnection, latency }) => ({
      name: entry.name,
      us,
      readerUs,
      wrong,
      rssPerConnection,
      heapPerConnection,
      latency,
    }));
  } finally {
    for (const run of runs) await run.stop();
  }
}
