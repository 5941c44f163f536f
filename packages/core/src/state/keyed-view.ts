import type { Connection, Ending } from "../delivery/connection.ts";
import type { Jsonified } from "../json/jsonified.ts";
import type { BaseStateStream } from "./state-stream.ts";
import type { ConnectOptions, SnapshotOptions, StateSnapshot, StateStream, StateStreamStats } from "./stream.ts";
import type { AttachedViews, Attachment, ViewedStream } from "./viewed-stream.ts";

/** Where the streams of keyed views are. */
export interface ViewStreams<V extends object> {
  /** How all views were closed. */
  readonly closing: Ending | undefined;
  /** The stream behind this view, made where there is none; one that lets nobody in where there are too many. */
  streamOf(view: KeyedView<V>): BaseStateStream<V>;
  /** The view is being closed: its key is free. */
  release(view: KeyedView<V>): void;
}

/** A key's view, whether or not there is a stream behind it now. */
export class KeyedView<V extends object> implements StateStream<V>, ViewedStream {
  readonly key: string;
  /** Made when it is first used, and dropped when the view has not been used for a while. */
  stream: BaseStateStream<V> | undefined;
  readonly #streams: ViewStreams<V>;

  constructor(key: string, streams: ViewStreams<V>) {
    this.key = key;
    this.#streams = streams;
  }

  get state(): Readonly<Jsonified<V>> {
    return this.#stream.state;
  }

  get eventId(): string {
    return this.#stream.eventId;
  }

  get closing(): Ending | undefined {
    return this.stream?.closing ?? this.#streams.closing;
  }

  get connections(): Iterable<Connection> {
    return this.#stream.connections;
  }

  stats(): StateStreamStats {
    return this.#stream.stats();
  }

  snapshot(options?: SnapshotOptions): StateSnapshot<Readonly<Jsonified<V>>> {
    return this.#stream.snapshot(options);
  }

  subscribe(listener: () => void): () => void {
    return this.#stream.subscribe(listener);
  }

  connect(options?: ConnectOptions): Connection {
    return this.#stream.connect(options);
  }

  async close(ending?: Partial<Ending>): Promise<void> {
    const stream = this.#stream;
    this.stream = stream;
    this.#streams.release(this);
    await stream.close(ending);
  }

  attachViews(views: AttachedViews): Attachment {
    return this.#stream.attachViews(views);
  }

  get #stream(): BaseStateStream<V> {
    return this.#streams.streamOf(this);
  }
}
