import fc from "fast-check";
import type { Connection, ConnectOptions, Json } from "../../src/index.ts";
import { type Copy, copyOf, type Origin, originOf } from "./copies.ts";
import { type Bookmark, QuickClient } from "./quick-client.ts";
import type { Slices } from "./streams.ts";

const VIEWERS = ["ann", "bob"];
const SLOTS = ["0", "1"];
type Slot = { readonly text: string };
export type Slots = Readonly<Record<string, Slot>>;
const CLIENTS = 3;

/** A secret is recognisable in raw bytes, and never occurs twice. */
const SECRET = /<\d+>/g;

/** What can happen. Numbers name viewers, slots and clients. */
export type Step =
  | { readonly do: "write"; readonly slot: number; readonly large: boolean }
  | { readonly do: "append" | "mutate"; readonly slot: number }
  /** A right is given or taken, in the state, in the state with a change of the secret, or outside of it. */
  | { readonly do: "right" | "both" | "outside"; readonly viewer: number; readonly slot: number }
  | {
      readonly do: "connect";
      readonly client: number;
      readonly viewer: number;
      readonly node: number;
      readonly slices: readonly string[] | undefined;
      /** With which of all IDs that were ever sent, counted from the latest; with none, where negative. */
      readonly stolen: number;
      readonly append: boolean;
      readonly maxRateHz: number | undefined;
    }
  | { readonly do: "read"; readonly client: number; readonly chunks: number }
  | { readonly do: "deliver" | "flush" | "pass" };

const index = (length: number) => fc.nat(length - 1);
const [slot, client] = [index(SLOTS.length), index(CLIENTS)];
// Mostly one viewer on one node: it takes several clients of one view, and several changes of a right, to find a fault.
const mostly = (rarely: number) => fc.nat(3).map((n) => (n === 0 ? rarely : 0));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("write" as const), slot, large: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("append", "mutate"), slot } as const) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("right", "right", "both", "outside"),
      viewer: mostly(1),
      slot,
    } as const),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("connect" as const),
      client,
      viewer: mostly(1),
      node: mostly(1),
      slices: fc.option(fc.subarray(["public", "all", "rows", "slot 0", "slot 1"]), { nil: undefined, freq: 3 }),
      stolen: fc.integer({ min: -2, max: 6 }),
      append: fc.boolean(),
      maxRateHz: fc.constantFrom(undefined, undefined, 0.5, 10),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("read" as const), client, chunks: fc.constantFrom(1, 2, 3, 99) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("deliver", "flush", "flush", "pass") } as const) },
);

export const steps: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 8, maxLength: 60, size: "max" });

/** Anything that gives each viewer something to connect to. */
export interface Shown {
  connect(viewer: string, options: ConnectOptions): Connection;
  /** The rights that are kept outside of the state have changed. */
  refresh(): void;
}

/** Makes what is shown of a stream: views, or a faulty substitute. */
export type Show = (origin: Origin, copy: Copy["copy"] | undefined, project: Project) => Shown;
type Project = (state: Slices, viewer: string) => Record<string, Json>;

/** Who a client is, and what it asks for. */
interface Identity {
  readonly viewer: string;
  readonly node: number;
  readonly options: Pick<ConnectOptions, "slices" | "append" | "maxRateHz">;
}

interface Client extends Identity {
  readonly connection: Connection;
  readonly reference: QuickClient;
  /** The text since the last secret. */
  text: string;
}

/** A stream of secrets on two nodes, whose viewers come and go while their rights change. */
export class Secrets {
  readonly #origin: Origin;
  readonly #copy: Copy["copy"];
  readonly #shown: readonly Shown[];
  readonly #clients: (Client | undefined)[] = [];
  readonly #bookmarks: Bookmark[] = [];
  /** Rights that are kept outside of the state. */
  readonly #blocked = new Set<string>();
  #secrets = 0;
  #delivered = 0;

  constructor(show: Show) {
    const slots = Object.fromEntries(SLOTS.map((name) => [name, { text: this.#secret() }]));
    this.#origin = originOf({ rights: { ann: ["0"], bob: ["1"] }, slots, public: 0 });
    this.#copy = copyOf(this.#origin).copy;
    const project: Project = (state, name) => this.#project(state, name);
    this.#shown = [show(this.#origin, undefined, project), show(this.#origin, this.#copy, project)];
    for (let client = 0; client < CLIENTS; client++)
      this.#read(this.#open(client, { viewer: "ann", node: 0, options: {} }, undefined), 99);
  }

  /** Throws when a viewer is sent what they may not see. */
  run(given: readonly Step[]): void {
    for (const next of given) this.#do(next);
  }

  /** Throws unless each client ends with what it may see. */
  converge(): void {
    this.#deliver();
    for (const [number, client] of this.#clients.entries()) if (client !== undefined) this.#converge(number, client);
  }

  #do(next: Step): void {
    const { stream, clock } = this.#origin;
    switch (next.do) {
      case "write":
        return this.#write(next.slot, `${next.large ? "x".repeat(25_000) : ""}${this.#secret()}`);
      case "append":
        return this.#write(next.slot, `${this.#slots[SLOTS[next.slot] as string]?.text}${this.#secret()}`);
      case "mutate":
        // The same objects, changed in place.
        return stream.set("slots", (slots: unknown) => {
          Object.assign((slots as Slots)[SLOTS[next.slot] as string] as object, { text: this.#secret() });
          return slots;
        });
      case "right":
        return this.#changeRight(next.viewer, next.slot);
      case "both":
        // In one commit: a client that loses the right with it must never see the secret.
        return stream.batch(() => {
          this.#write(next.slot, this.#secret());
          this.#changeRight(next.viewer, next.slot);
        });
      case "outside": {
        const right = `${VIEWERS[next.viewer]} ${next.slot}`;
        if (!this.#blocked.delete(right)) this.#blocked.add(right);
        for (const shown of this.#shown) shown.refresh();
        return;
      }
      case "connect":
        return this.#connect(next);
      case "read": {
        const client = this.#clients[next.client];
        if (client !== undefined) this.#read(client, next.chunks);
        return;
      }
      case "deliver":
        return this.#deliver();
      case "flush":
        return clock.flush();
      case "pass":
        return clock.advance(5000);
    }
  }

  #connect({
    client,
    viewer: number,
    node,
    stolen,
    slices,
    append,
    maxRateHz,
  }: Step & { readonly do: "connect" }): void {
    this.#clients[client]?.connection.close();
    const bookmark = stolen < 0 ? undefined : this.#bookmarks.at(-1 - stolen);
    this.#open(client, { viewer: VIEWERS[number] as string, node, options: { slices, append, maxRateHz } }, bookmark);
  }

  #open(client: number, who: Identity, bookmark: Bookmark | undefined): Client {
    const connection = (this.#shown[who.node] as Shown).connect(who.viewer, {
      ...who.options,
      lastEventId: bookmark?.id,
    });
    const opened = { ...who, connection, reference: new QuickClient(bookmark), text: "" };
    this.#clients[client] = opened;
    return opened;
  }

  /** Reads, and looks for what this viewer may not see at this moment. */
  #read(client: Client, chunks: number): void {
    for (let count = 0; count < chunks; count++) {
      const bytes = client.connection.read();
      if (bytes === undefined) return;
      const text = new TextDecoder().decode(bytes);
      client.text += text;
      const visible = new Set(JSON.stringify(this.#visible(client)).match(SECRET));
      for (const [secret] of client.text.matchAll(SECRET))
        if (!visible.has(secret)) throw new Error(`${client.viewer} was sent ${secret}, which they may not see.`);
      // A secret can be split by two reads.
      client.text = client.text.replaceAll(SECRET, "").slice(-20);
      client.reference.feed(text);
      if (client.reference.id !== undefined && client.reference.slices.size > 0)
        this.#bookmarks.push(client.reference.bookmark);
    }
  }

  /** Clients that were cut off come back; then each has what it may see. */
  #converge(number: number, given: Client): void {
    let client = given;
    for (let turns = 0; turns < 4; turns++) {
      // As long as the slowest rate takes.
      this.#origin.clock.flush();
      this.#origin.clock.advance(2000);
      this.#read(client, 1000);
      if (client.connection.closed) client = this.#open(number, client, client.reference.bookmark);
    }
    const expected = Object.entries(this.#visible(client)).sort(([a], [b]) => (a < b ? -1 : 1));
    const actual = Object.entries(client.reference.state).sort(([a], [b]) => (a < b ? -1 : 1));
    if (JSON.stringify(actual) !== JSON.stringify(expected))
      throw new Error(`${client.viewer} has ${JSON.stringify(actual)}\nand must have ${JSON.stringify(expected)}`);
  }

  #visible({ viewer: name, node, options: { slices } }: Client): Record<string, Json> {
    const state = (node === 0 ? this.#origin.stream : this.#copy).state as Slices;
    const view = Object.entries(this.#project(state, name));
    return Object.fromEntries(view.filter(([slice]) => slices?.includes(slice) ?? true));
  }

  #project({ rights, slots, public: open }: Slices, name: string): Record<string, Json> {
    const granted = (rights as Record<string, string[]>)[name] as string[];
    const visible = SLOTS.filter((key) => granted.includes(key) && !this.#blocked.has(`${name} ${key}`));
    // By identity, as a slice of its own and within another.
    const shown = visible.map((key) => [key, (slots as Slots)[key] as Slot] as const);
    return {
      public: open as number,
      all: Object.fromEntries(shown),
      rows: shown.map(([id, { text }]) => ({ id, text })),
      ...Object.fromEntries(shown.map(([key, slot]) => [`slot ${key}`, slot])),
    };
  }

  #deliver(): void {
    const { commits } = this.#origin;
    for (; this.#delivered < commits.length; this.#delivered++) {
      const commit = commits[this.#delivered];
      if (commit !== undefined && commit.first > (this.#copy.position?.seq ?? 0)) this.#copy.follow(commit);
    }
  }

  get #slots(): Slots {
    return this.#origin.stream.state["slots"] as Slots;
  }

  #write(number: number, text: string): void {
    const name = SLOTS[number] as string;
    this.#origin.stream.set("slots", (slots: unknown) => ({ ...(slots as Slots), [name]: { text } }));
  }

  #changeRight(number: number, slotNumber: number): void {
    const [name, key] = [VIEWERS[number] as string, SLOTS[slotNumber] as string];
    this.#origin.stream.set("rights", (rights: unknown) => {
      const keys = (rights as Record<string, string[]>)[name] as string[];
      return {
        ...(rights as Slices),
        [name]: keys.includes(key) ? keys.filter((other) => other !== key) : [...keys, key],
      };
    });
  }

  #secret(): string {
    return `<${this.#secrets++}>`;
  }
}
