import fc from "fast-check";
import { type ContinuedStream, continueStream, followStream } from "../../src/replication/continue.ts";
import type { FollowedStream } from "../../src/replication/followed-stream.ts";
import { type Commit, readCommit } from "../../src/replication/commit.ts";
import type { Connection, Json, Operation } from "../../src/index.ts";
import { parseEventId } from "../../src/protocol/event-id.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { applyFitting } from "./apply.ts";
import { epoch } from "./copies.ts";
import { type Bookmark, ReferenceClient } from "./reference-client.ts";
import type { Slices } from "./streams.ts";

const COPIES = 3;
const CLIENTS = 3;
const NAMES = ["a", "list", "__proto__", "secret"] as const;

type Edit =
  | { readonly do: "set"; readonly slice: string; readonly value: Json }
  | { readonly do: "push"; readonly slice: string; readonly value: Json }
  | { readonly do: "append"; readonly slice: string; readonly piece: string }
  | { readonly do: "remove"; readonly slice: string }
  | { readonly do: "show"; readonly names: readonly string[] };

type Action =
  | { readonly do: "commit"; readonly edits: readonly Edit[] }
  /** The state and the position are kept, to be gone back to. */
  | { readonly do: "save" }
  | { readonly do: "rebase"; readonly save: number }
  /** Writers take over one after the other, each with a change. */
  | { readonly do: "handover"; readonly times: number }
  | { readonly do: "follow"; readonly copy: number; readonly count: number }
  | { readonly do: "adopt"; readonly copy: number; readonly save: number; readonly commits: number }
  | { readonly do: "settle"; readonly copy: number; readonly ahead: boolean }
  | { readonly do: "stale"; readonly copy: number; readonly stale: boolean }
  | {
      readonly do: "connect";
      readonly client: number;
      readonly copy: number;
      readonly slices: Selected;
      readonly append: boolean;
      readonly old: number;
    }
  | { readonly do: "read"; readonly client: number; readonly chunks: number }
  | { readonly do: "pass"; readonly ms: number };

type Selected = readonly string[] | undefined;

export interface BranchesPlan {
  readonly originLog: number;
  readonly copyLog: number;
  readonly actions: readonly Action[];
}

const slice = fc.constantFrom(...NAMES);
const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 3, arbitrary: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom("", "\n\u2028", null, "y".repeat(700), "y".repeat(70_000)) },
) as fc.Arbitrary<Json>;
const piece = fc.constantFrom("word ", "\ud83d", "\ude00", "e\u0301", "\n");
const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("set"), slice, value }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("push"), slice, value }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("append"), slice, piece }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove"), slice }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("show"), names: fc.subarray([...NAMES]) }) },
);
const copy = fc.nat({ max: COPIES - 1 });
const client = fc.nat({ max: CLIENTS - 1 });
const save = fc.nat({ max: 3 });
const slices = fc.constantFrom<Selected>(undefined, ["a"], ["a"], ["list", "secret"], [], ["__proto__", "never"]);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("commit"), edits: fc.array(edit, { minLength: 1, maxLength: 4 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: "save" } as const) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rebase"), save }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("handover"), times: fc.constantFrom(1, 2, 33) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("follow"), copy, count: fc.constantFrom(1, 2, 50) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("adopt"), copy, save, commits: fc.constantFrom(0, 3, 100) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("settle"), copy, ahead: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stale"), copy, stale: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("connect"),
      client,
      copy,
      slices,
      append: fc.boolean(),
      old: fc.nat({ max: 4 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("read"), client, chunks: fc.constantFrom(1, 2, 50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass"), ms: fc.constantFrom(0, 1000, 5000) }) },
) as fc.Arbitrary<Action>;

const logLimit = fc.constantFrom(0, 1, 3, 1000);
export const branchesPlan: fc.Arbitrary<BranchesPlan> = fc.record({
  originLog: logLimit,
  copyLog: logLimit,
  actions: fc.array(action, { maxLength: 60, size: "max" }),
});

interface Client {
  selected: Selected;
  connection: Connection | undefined;
  reference: ReferenceClient;
  /** Where it has been, with the selection it had there. */
  readonly been: { readonly selected: Selected; readonly bookmark: Bookmark }[];
}

/** A stream that goes on under new epochs, its copies, and clients that go from one copy to another. */
export class Branches {
  readonly #plan: BranchesPlan;
  readonly #clock = createTestClock();
  readonly #origin: ContinuedStream<Slices>;
  readonly #copies: FollowedStream<Slices>[];
  readonly #clients: Client[] = [];
  readonly #commits: Commit[] = [];
  readonly #saves: string[] = [];
  /** The state of every position ever sent, found by applying event after event. */
  readonly #known = new Map<string, ReadonlyMap<string, Json>>();
  #epochs = 0;

  constructor(plan: BranchesPlan) {
    this.#plan = plan;
    this.#origin = continueStream<Slices>(
      {
        initialState: { show: [...NAMES], a: 0, list: [], secret: "s" },
        slices: (state) => ["show", ...(state["show"] as string[])],
        maxLogEvents: plan.originLog,
      },
      { epoch: this.#epoch(), onCommit: (commit) => this.#committed(commit) },
      this.#clock.clock,
    );
    this.#known.set(this.#origin.stream.eventId, this.#visible());
    this.#saves.push(this.#origin.checkpoint());
    this.#copies = Array.from({ length: COPIES }, () => {
      const limits = { maxLogEvents: plan.copyLog, heartbeatMs: 4000, maxStallMs: 1e6 };
      return followStream<Slices>({ onWaiting: () => undefined, onError: fail, ...limits }, this.#clock.clock);
    });
    for (let index = 0; index < CLIENTS; index++) {
      this.#clients.push({ selected: undefined, connection: undefined, reference: new ReferenceClient(), been: [] });
    }
  }

  run(): void {
    for (const one of this.#plan.actions) this.#do(one);
    this.#converge();
  }

  #do(one: Action): void {
    switch (one.do) {
      case "commit":
        return this.#origin.stream.batch(() => one.edits.forEach((what) => this.#edit(what)));
      case "save":
        return void this.#saves.push(this.#origin.checkpoint());
      case "rebase":
        return this.#origin.rebase(this.#saveAt(one.save), this.#epoch());
      case "handover":
        for (let time = 0; time < one.times; time++) {
          this.#origin.rebase(this.#origin.checkpoint(), this.#epoch());
          this.#origin.stream.set("a", time);
        }
        return;
      case "follow":
        return this.#follow(one.copy, one.count);
      case "adopt": {
        const text = this.#saveAt(one.save);
        return this.#adopt(one.copy, text, around(text, this.#commits, one.commits));
      }
      case "settle":
        return this.#copies[one.copy]?.settle({ ahead: one.ahead });
      case "stale":
        (this.#copies[one.copy] as FollowedStream<Slices>).stale = one.stale;
        return;
      case "connect":
        return this.#connect(this.#clients[one.client] as Client, one);
      case "read":
        return this.#read(this.#clients[one.client] as Client, one.chunks);
      case "pass":
        this.#clock.advance(one.ms);
        return this.#clock.flush();
    }
  }

  #edit(what: Edit): void {
    const { stream } = this.#origin;
    if (what.do === "show") return stream.set("show", what.names);
    if (what.do === "remove") return stream.remove(what.slice);
    if (what.do === "set") return stream.set(what.slice, what.value);
    const add: Operation[] = what.do === "push" ? [{ op: "add", path: "/-", value: what.value }] : [];
    try {
      if (what.do === "append") stream.append(what.slice, "", what.piece);
      else stream.patch(what.slice, add);
    } catch {
      // It is no text or no list, or not there: then it becomes one.
      stream.set(what.slice, what.do === "append" ? what.piece : [what.value]);
    }
  }

  #committed(commit: Commit): void {
    this.#commits.push(commit);
    let state =
      this.#known.get(idOf(commit.previous, commit.first - 1)) ?? fail(new Error("A commit builds on nothing."));
    for (const [index, { slice: name, kind, patches, value: next }] of readCommit(commit).events.entries()) {
      const after = new Map(state);
      if (kind === "removed") after.delete(name);
      else after.set(name, patches ? applyFitting(after.get(name) as Json, patches) : (next as Json));
      const id = idOf(commit.epoch, commit.first + index);
      if (this.#known.has(id)) fail(new Error(`The position ${id} was given twice.`));
      this.#known.set(id, after);
      state = after;
    }
    if (canonical(state) !== canonical(this.#visible())) fail(new Error("A commit does not say what happened."));
  }

  #visible(): Map<string, Json> {
    return new Map(Object.entries(this.#origin.stream.state as Record<string, Json>));
  }

  /** The first copy is of an earlier version, which does not know the format of commits with `append`. */
  #asReadBy(copy: number, commit: Commit): Commit {
    return copy === 0 ? { ...commit, body: commit.body.replace(/^2 /, "3 ") } : commit;
  }

  /** What a copy cannot read leaves it where it is, until it gets a checkpoint behind that. */
  #unlessRefused(copy: number, commits: readonly Commit[], use: () => void): boolean {
    try {
      use();
      return true;
    } catch (error) {
      const refuses = copy === 0 && commits.some(({ body }) => body.startsWith("2 "));
      if (!refuses || (error as { readonly code?: string }).code !== "invalid-commit") throw error;
      return false;
    }
  }

  #adopt(copy: number, text: string, commits: readonly Commit[]): void {
    const one = this.#copies[copy] as FollowedStream<Slices>;
    this.#unlessRefused(copy, commits, () =>
      one.adopt(
        text,
        commits.map((commit) => this.#asReadBy(copy, commit)),
      ),
    );
  }

  #follow(copy: number, count: number): void {
    const one = this.#copies[copy] as FollowedStream<Slices>;
    for (let times = 0; times < count && one.position !== undefined; times++) {
      const { epoch: at, seq } = one.position;
      const next = this.#commits.findLast(({ previous, first }) => previous === at && first === seq + 1);
      if (next === undefined) return;
      if (!this.#unlessRefused(copy, [next], () => one.follow(this.#asReadBy(copy, next)))) return;
    }
  }

  #connect(
    one: Client,
    { copy: to, slices: selected, append, old }: Omit<Extract<Action, { do: "connect" }>, "do" | "client">,
  ): void {
    one.connection?.close();
    const been = one.been.filter((place) => String(place.selected) === String(selected));
    const nothing: Bookmark = { id: undefined, slices: new Map() };
    const bookmark = old === 4 ? nothing : ((been.at(-1 - old) ?? one.been.at(-1))?.bookmark ?? nothing);
    one.selected = selected;
    one.reference = new ReferenceClient(bookmark, one.been.length + 3, true);
    one.reference.append = append;
    one.connection = this.#copies[to]?.connect({ lastEventId: bookmark.id, slices: selected, append });
  }

  #read(one: Client, chunks: number): void {
    const { connection, reference } = one;
    for (let count = 0; connection !== undefined && count < chunks; count++) {
      const bytes = connection.read();
      if (bytes === undefined) break;
      // Event by event, to look at what it has after each.
      for (let start = 0; start < bytes.length;) {
        const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf("\n\n", start);
        const next = end < 0 ? bytes.length : end + 2;
        const before = reference.events.length;
        reference.feed(bytes.subarray(start, next));
        if (reference.events.length > before) this.#check(one);
        start = next;
      }
    }
    if (connection?.closed === true) one.connection = undefined;
  }

  /** It has received a position: its copy is the state there, unless the ID is open. */
  #check({ reference, selected, been }: Client): void {
    if (reference.id === undefined) return;
    const [at, seq] = reference.id.split(".") as [string, string];
    const state = this.#known.get(`${at}.${seq}`);
    if (state === undefined) throw new Error(`The position ${reference.id} was never there.`);
    const expected = canonical(selectedOf(state, selected));
    const actual = canonical(reference.slices);
    // An open ID, in the middle of a range with a net event, names no state.
    const isOpen = parseEventId(reference.id)?.isOpen === true;
    if (!isOpen && actual !== expected)
      throw new Error(`At ${reference.id} a client has ${actual}\nand must have ${expected}`);
    been.push({ selected, bookmark: reference.bookmark });
  }

  #converge(): void {
    const { stream } = this.#origin;
    for (const [index, one] of this.#copies.entries()) {
      this.#follow(index, Infinity);
      if (one.position === undefined || one.eventId !== stream.eventId) {
        const checkpoint = this.#origin.checkpoint();
        const { seq } = (JSON.parse(checkpoint) as { start: { seq: number } }).start;
        // A commit beyond the origin's own head is of a branch that a rebase without a difference has left.
        const past = around(checkpoint, this.#commits, index).filter(({ last }) => last <= seq);
        this.#adopt(index, checkpoint, past);
      }
      if (canonical(new Map(Object.entries(one.state as Record<string, Json>))) !== canonical(this.#visible()))
        throw new Error("A copy is not what it copies.");
    }
    for (const [index, one] of this.#clients.entries()) {
      for (let turn = 0; turn < 4; turn++) {
        if (one.connection === undefined)
          this.#connect(one, { copy: index, slices: one.selected, append: index === 1, old: 0 });
        // Nothing more will be known of any position.
        for (const each of this.#copies) each.settle({ ahead: true });
        this.#clock.flush();
        this.#read(one, Infinity);
      }
      const expected = canonical(selectedOf(this.#visible(), one.selected));
      if (canonical(one.reference.slices) !== expected) throw new Error(`Client ${index} must have ${expected}`);
      const at = one.reference.id?.split(".").slice(0, 2).join(".");
      if (one.selected === undefined && at !== stream.eventId) throw new Error(`Client ${index} is at ${at}.`);
    }
  }

  #saveAt(back: number): string {
    return this.#saves.at(-1 - back) ?? (this.#saves[0] as string);
  }

  #epoch(): string {
    return epoch(this.#epochs++);
  }
}

/** The commits around a checkpoint: so many that lead to it, and those that follow on it. */
function around(text: string, commits: readonly Commit[], past: number): Commit[] {
  const { seq, lineage } = (JSON.parse(text) as { start: { seq: number; lineage: [number, string][] } }).start;
  const chain: Commit[] = [];
  const at = idOf(lineage.at(-1)?.[1] as string, seq);
  for (let end = at; chain.length < past;) {
    const before = commits.find((commit) => idOf(commit.epoch, commit.last) === end);
    if (before === undefined) break;
    chain.unshift(before);
    end = idOf(before.previous, before.first - 1);
  }
  for (let end = at; ;) {
    const after = commits.findLast((commit) => idOf(commit.previous, commit.first - 1) === end);
    if (after === undefined) return chain;
    chain.push(after);
    end = idOf(after.epoch, after.last);
  }
}

function idOf(at: string, seq: number): string {
  return `${at}.${seq.toString(36)}`;
}

function selectedOf(state: ReadonlyMap<string, Json>, names: Selected): ReadonlyMap<string, Json> {
  return new Map([...state].filter(([name]) => names === undefined || names.includes(name)));
}

function canonical(state: ReadonlyMap<string, Json>): string {
  return JSON.stringify([...state].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fail(error: Error): never {
  throw error;
}
