import type { Server } from "node:http";
import type { Board, Change } from "./board.ts";

/** Somebody's way to keep clients on a changing state. */
export interface Contender {
  /** Not listening yet. */
  readonly server: Server;
  /** Sends the change to every client. The board already has the state after it. */
  publish(change: Change): void;
  /** More to report, by name. */
  details?(): Readonly<Record<string, number>>;
}

export interface ContenderOptions {
  readonly framework?: Framework;
  readonly path?: WritePath;
  /** For our own: options of the stream. */
  readonly stream?: { readonly maxStallMs?: number };
  /** For our own: reports how many texts longer than this were encoded, in characters. */
  readonly countEncodes?: number;
  /** For our own: nothing is diffed, each change is a value. */
  readonly wholeValues?: boolean;
  /** For our own: clients are in groups, each of which sees the whole state. Only on `node:http`. */
  readonly groups?: Groups;
  /** Where there are several in a module. */
  readonly kind?: string;
}

export interface Groups {
  /** What the clients of a group share: a view of the stream, or a selection of slices. */
  readonly by: "view" | "selection";
  readonly count: number;
  /**
   * So many clients that connect one after the other are in the same group. A change goes to one group after the other, so
   * that this decides in which order the server goes through the memory of its connections.
   */
  readonly run: number;
}

export type Framework = "node" | "express" | "koa" | "hono";

/**
 * How bytes leave: as the adapter would have it (on Node, the socket where nothing is in the way), or forced down
 * to the response's own `write`, or to a web stream (Hono only).
 */
export type WritePath = "socket" | "write" | "web";

/** What the modules that a server process loads export. */
export interface ContenderModule {
  readonly contend: (board: Board, options: ContenderOptions) => Contender | Promise<Contender>;
}

export const FRAMEWORKS: readonly Framework[] = ["node", "express", "koa", "hono"];
