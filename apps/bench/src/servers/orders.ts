/** What the driver asks of a server process. Each order has one answer, a report. */
export type Order =
  /** Makes the next states, so that making them is not measured. */
  | { readonly do: "prepare"; readonly changes: number; readonly cloned: boolean }
  /** Publishes them: `perTick` in each turn of the event loop, or `perSecond` of them, or what is left. */
  | { readonly do: "run"; readonly perTick: number; readonly perSecond?: number }
  /** Publishes the requested number of changes, each when it is due. */
  | { readonly do: "stream"; readonly changes: number }
  /** Publishes so many changes a second until it receives the order to stop. */
  | { readonly do: "pace"; readonly perSecond: number }
  | { readonly do: "stop" }
  | { readonly do: "report"; readonly collect: boolean };

export interface Report {
  readonly seq: number;
  /** Microseconds of CPU since the start, of all threads, in and out of the kernel. */
  readonly cpu: number;
  /** Bytes. */
  readonly rss: number;
  readonly peakRss: number;
  readonly heap: number;
  readonly buffers: number;
  /** When each change of this run was published, in milliseconds of the machine's clock. */
  readonly stamps: readonly number[];
  readonly details: Readonly<Record<string, number>>;
}
