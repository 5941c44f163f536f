import type {
  Connection,
  ConnectOptions,
  Ending,
  Jsonified,
  SnapshotOptions,
  StateSnapshot,
  StateStream,
  StateStreamStats,
} from "@statestream/core";
import type { AttachedViews, Attachment, ViewedStream } from "@statestream/core/backplane";
import type { Position } from "./engine.ts";
import type { Registry } from "./registry.ts";
import type { WriterOfNode } from "./writer.ts";

/** Figures of a stream on this node, for an operator. */
export interface StreamBackplaneStats {
  /** `leading`: a writer of this node leads; `standby`: it waits to lead; `serving`: this node has no writer of the stream. */
  readonly role: "leading" | "standby" | "serving";
  /** The engine's head, as far as this node knows. */
  readonly head: Position | undefined;
  /** How many events this node's copy is behind that; `undefined` before there is a copy. */
  readonly lag: number | undefined;
  /** Since when clients may have an old state, in milliseconds since 1970; `undefined` while their state is current. */
  readonly staleSince: number | undefined;
  /** How often the stream was read from the engine; each read costs it a checkpoint at most. */
  readonly reads: number;
  /** How many entries, or whole streams, a writer of this node has restored in the engine. */
  readonly repairs: number;
  /** How often this node's copy was replaced, by reason; each time its clients were sent a snapshot. */
  readonly resyncs: Readonly<Record<string, number>>;
}

export interface ServedStreamStats extends StateStreamStats {
  readonly backplane: StreamBackplaneStats;
}

/**
 * A stream as this node serves it. It is joined with its first client, which waits for the state for at most `joinMs`, and dropped
 * `idleMs` after its last client has left. Until it is joined, `state` is empty and `eventId` is "".
 */
export interface ServedStream<S extends object = object> extends StateStream<S> {
  stats(): ServedStreamStats;
  /**
   * As `subscribe` of every stream. The stream is joined at once, and kept until the returned function is called. After the backplane
   * was closed, the listener is not called any more.
   */
  subscribe(listener: () => void): () => void;
  /**
   * Ends the connections of this node, and later ones for as long as it has the copy, which is at least `idleMs`. Other nodes and the
   * writer are not affected. Where there is no copy, it does nothing.
   */
  close(ending?: Partial<Ending>): Promise<void>;
}

/** The stream of a key, whether or not there is a copy of it now. */
export class KeyedStream<S extends object> implements ServedStream<S>, ViewedStream {
  readonly #key: string;
  readonly #registry: Registry;
  readonly #writers: ReadonlyMap<string, WriterOfNode>;

  constructor(key: string, registry: Registry, writers: ReadonlyMap<string, WriterOfNode>) {
    this.#key = key;
    this.#registry = registry;
    this.#writers = writers;
  }

  get state(): Readonly<Jsonified<S>> {
    return (this.#registry.find(this.#key)?.stream.state ?? {}) as Readonly<Jsonified<S>>;
  }

  get eventId(): string {
    return this.#registry.find(this.#key)?.stream.eventId ?? "";
  }

  get connections(): Iterable<Connection> {
    return this.#registry.find(this.#key)?.stream.connections ?? [];
  }

  get closing(): Ending | undefined {
    const stream = this.#registry.find(this.#key)?.stream;
    return stream === undefined ? this.#registry.closing : stream.closing;
  }

  connect(options?: ConnectOptions): Connection {
    return this.#registry.stream(this.#key).connect(options);
  }

  snapshot(options: SnapshotOptions = {}): StateSnapshot<Readonly<Jsonified<S>>> {
    const { stream } = this.#registry.find(this.#key) ?? { stream: this.#registry.nothing };
    return stream.snapshot(options) as StateSnapshot<Readonly<Jsonified<S>>>;
  }

  subscribe(listener: () => void): () => void {
    if (this.#registry.closing !== undefined) return this.#registry.nothing.subscribe(listener);
    const unsubscribe = this.#registry.pin(this.#key).stream.subscribe(listener);
    let subscribed = true;
    return () => {
      if (!subscribed) return;
      subscribed = false;
      unsubscribe();
      this.#registry.unpin(this.#key);
    };
  }

  /** The stream is kept while there are views of it. */
  attachViews(views: AttachedViews): Attachment {
    if (this.#registry.closing !== undefined) return this.#registry.nothing.attachViews(views);
    const { parent, detach } = this.#registry.pin(this.#key).stream.attachViews(views);
    return {
      parent,
      detach: () => {
        detach();
        this.#registry.unpin(this.#key);
      },
    };
  }

  async close(ending?: Partial<Ending>): Promise<void> {
    await this.#registry.find(this.#key)?.stream.close(ending);
  }

  stats(): ServedStreamStats {
    const follower = this.#registry.find(this.#key);
    const writer = this.#writers.get(this.#key);
    const position = follower?.stream.position;
    const head = follower?.head;
    return {
      ...(follower?.stream ?? this.#registry.nothing).stats(),
      backplane: {
        role: writer === undefined ? "serving" : writer.leading ? "leading" : "standby",
        head,
        lag: position && head && Math.max(0, head.seq - position.seq),
        staleSince: follower?.staleSince,
        reads: follower?.counted.reads ?? 0,
        repairs: writer?.repairs ?? 0,
        resyncs: { ...follower?.counted.resyncs },
      },
    };
  }
}
