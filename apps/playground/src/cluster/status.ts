import type { Framework } from "../frameworks.ts";

/** What a node says of itself, several times a second. */
export interface NodeReport {
  readonly role: "leading" | "standby" | "serving";
  /** The seq of Redis' head as far as the node has heard, and how many events its copy is behind. */
  readonly head: number | undefined;
  readonly lag: number | undefined;
  /** Since when its clients may have an old state: milliseconds since 1970. */
  readonly staleSince: number | undefined;
  readonly connections: number;
  readonly bytesWritten: number;
}

export interface NodeStatus {
  readonly framework: Framework;
  readonly port: number;
  /** `undefined` while there is no process. */
  readonly pid: number | undefined;
  /** `undefined` until the process serves. */
  readonly report: NodeReport | undefined;
}

/** What the parent of all processes knows, and sends to each node whenever it changes. */
export interface ClusterStatus {
  readonly nodes: readonly NodeStatus[];
  readonly isRedisUp: boolean;
}

/** What a node asks its parent to do. */
export type Order = { readonly kill: number } | { readonly redis: "kill" | "start" };

export type NodeMessage = { readonly report: NodeReport } | { readonly order: Order };

export function leaderOf({ nodes }: ClusterStatus): NodeStatus | undefined {
  return nodes.find(({ report }) => report?.role === "leading");
}
