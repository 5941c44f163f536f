/** Ours, or a bare message of the same size. */
export type Way = "change" | "publish";

/** What the driver asks of a node. Each order has one answer. */
export type Order =
  /** Begins: where Redis is. */
  | { readonly do: "open"; readonly port: number }
  /** Leads streams of about this state, by number. */
  | { readonly do: "lead"; readonly streams: number; readonly kilobytes: number }
  /** Has a client on each of these streams, and waits until all have the state. */
  | { readonly do: "join"; readonly streams: number }
  /** Wants to lead these streams too, and waits for nothing. */
  | { readonly do: "stand-by"; readonly streams: number; readonly kilobytes: number }
  /** Has so many clients on each of these streams, which connect again whenever they are ended, until all have a state. */
  | { readonly do: "storm"; readonly streams: number; readonly clients: number }
  /** Subscribes to a bare channel. */
  | { readonly do: "subscribe" }
  /** Subscribes to a bare channel for each stream. */
  | { readonly do: "subscribe-all"; readonly streams: number }
  /** Changes each stream, or publishes on each bare channel, `perSecond` times a second for so long. */
  | { readonly do: "spread"; readonly way: Way; readonly perSecond: number; readonly seconds: number }
  /** Makes changes of stream 0, or publishes texts of the same size on the bare channel; 0 per second is as fast as it goes. */
  | { readonly do: "change" | "publish"; readonly times: number; readonly perSecond: number }
  /** Waits until so many changes have arrived since the last call. */
  | { readonly do: "await"; readonly changes: number }
  | { readonly do: "report" };

export interface Report {
  /** Microseconds of CPU since the start. */
  readonly cpu: number;
  /** Bytes, after a collection. */
  readonly heap: number;
  readonly rss: number;
  /** When each change was made, or came, in milliseconds of the machine's clock. */
  readonly stamps: readonly number[];
  /** The same by stream, of `spread` and what comes of it. */
  readonly byStream: readonly (readonly number[])[];
  /** Connections that were ended with `unavailable`. */
  readonly unavailable: number;
  /** Errors that the backplane reported. */
  readonly errors: number;
  /** Milliseconds that the order took. */
  readonly took: number;
  /** Of all streams of this node, since it began. */
  readonly reads: number;
  readonly resyncs: number;
  readonly snapshots: number;
}
