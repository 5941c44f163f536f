import { StateStreamError, withCause } from "../support/errors.ts";
import type { NamedSlice, Publisher, StateReader } from "./publisher.ts";
import { changeOf, sliceOf, type StateChange, type StateSource } from "./source.ts";
import { type BaseStateStream, checkState } from "./state-stream.ts";

/** Publishes the state of a source at each of its notifications. */
export class SourceFeed<S extends object> {
  readonly #stream: BaseStateStream<S>;
  readonly #publisher: Publisher<S>;
  readonly #source: StateSource<S>;
  #begun = false;

  constructor(stream: BaseStateStream<S>, publisher: Publisher<S>, source: StateSource<S>) {
    this.#stream = stream;
    this.#publisher = publisher;
    this.#source = source;
    // Subscribed before the first read, so that no change falls between; one notified meanwhile is in the first state.
    const unsubscribe = source.subscribe((...args: unknown[]) => {
      if (this.#begun) this.#stream.turn.run(() => this.#publish(args));
    });
    if (typeof unsubscribe !== "function") {
      throw new StateStreamError(
        "invalid-option",
        "The source's subscribe must return the function that unsubscribes; wrap it where it returns something else.",
      );
    }
    stream.onClosing(() => {
      this.#begun = false;
      unsubscribe();
    });
    this.#read((state) => publisher.begin(state), []);
    this.#begun = true;
  }

  /** Runs `first` between two changes, then publishes every slice that differs from the logged state. */
  republish(first: () => void): void {
    this.#stream.turn.run(() => {
      first();
      this.#publish([]);
    });
  }

  #publish(args: readonly unknown[]): void {
    this.#read((reader, state) => {
      const { slice, cause } = this.#changeOf(args, state);
      const named = slice === undefined ? undefined : new Map<string, NamedSlice>([[slice, {}]]);
      return this.#publisher.publish(reader, { named, cause });
    }, args);
  }

  /** A getter of the change may throw; that must reach neither the emitter nor cost the change. */
  #changeOf(args: readonly unknown[], state: object): StateChange {
    try {
      return changeOf(args, state);
    } catch (cause) {
      const message = withCause("Reading the source's change threw", cause, "Every slice was compared instead.");
      this.#stream.report(new StateStreamError("source-failed", message, { cause }));
      return {};
    }
  }

  #read(use: (reader: StateReader<S>, state: S) => readonly StateStreamError[], args: readonly unknown[]): void {
    let state: S;
    try {
      state = this.#source.getState();
      checkState(state, "What the source's getState gave");
    } catch (cause) {
      this.#publisher.deferAll(this.#changeOf(args, {}).slice);
      const message = withCause("The source's getState threw", cause, "Clients keep the state they have.");
      this.#stream.report(
        cause instanceof StateStreamError ? cause : new StateStreamError("source-failed", message, { cause }),
      );
      return;
    }
    const reader: StateReader<S> = {
      get: (slice) => sliceOf(state, slice),
      names: () => Object.keys(state),
      whole: () => state,
    };
    for (const error of use(reader, state)) this.#stream.report(error);
  }
}
