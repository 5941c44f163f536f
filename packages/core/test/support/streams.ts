import type {
  ConnectOptions,
  Connection,
  StateEvent,
  StateStream,
  StateStreamError,
  StateStreamOptions,
  WritableStateStream,
} from "../../src/index.ts";
import { createTestClock, type TestClock, type TestClockOptions } from "../../src/state/testing.ts";
import { type Bookmark, ReferenceClient } from "./reference-client.ts";

/** A state of any slices. */
export type Slices = Record<string, unknown>;

export interface Setup {
  readonly clock: TestClock;
  readonly stream: WritableStateStream<Slices>;
}

/** A stream that owns its state, with a clock of its own. */
export function setup(initialState: Slices, options: StateStreamOptions<Slices> = {}, time?: TestClockOptions): Setup {
  const clock = createTestClock(time);
  return { clock, stream: clock.createStateStream({ initialState, ...options }) };
}

/** A connection and the client at its other end. */
export interface Follower {
  readonly connection: Connection;
  readonly client: ReferenceClient;
  /** Reads everything there is, or `chunks` chunks; gives the events that came. */
  readonly pull: (chunks?: number) => StateEvent[];
}

/** Connects a client, with its id when it comes back. */
export function follow(stream: StateStream, options: ConnectOptions = {}, bookmark?: Bookmark): Follower {
  const connection = stream.connect({ lastEventId: bookmark?.id, ...options });
  const client = new ReferenceClient(bookmark);
  client.append = (options.append ?? false) !== false;
  return { connection, client, pull: (chunks) => client.pull(connection, chunks) };
}

/** A follower that has read everything until now. */
export function followed(stream: StateStream, options?: ConnectOptions, bookmark?: Bookmark): Follower {
  const follower = follow(stream, options, bookmark);
  follower.pull();
  return follower;
}

/** The bytes of everything there is to read, one array per chunk. */
export function chunksOf(connection: Connection): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read()) chunks.push(bytes);
  return chunks;
}

export function textOf(chunks: readonly Uint8Array[]): string {
  return chunks.map((bytes) => new TextDecoder().decode(bytes)).join("");
}

/** Collects what a stream reports. */
export function collector(): { readonly errors: StateStreamError[]; readonly onError: (e: StateStreamError) => void } {
  const errors: StateStreamError[] = [];
  return { errors, onError: (error) => void errors.push(error) };
}

/** A word of so many letters. */
export function filler(length: number): string {
  return "x".repeat(length);
}

/** What calling `fn` throws. */
export function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error("It did not throw.");
}
