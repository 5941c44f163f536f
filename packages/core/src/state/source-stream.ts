import type { Clock } from "../support/clock.ts";
import { StateStreamError, textOf } from "../support/errors.ts";
import type { Settings } from "./options.ts";
import type { Change, StateReader } from "./publisher.ts";
import { changeOf, sliceOf, type StateSource } from "./source.ts";
import { type Continuation, PublishedStateStream } from "./published-stream.ts";
import { checkState } from "./state-stream.ts";
import { Turn } from "./turn.ts";

/** A stream over somebody else's state. */
export class SourceStateStream<S extends object> extends PublishedStateStream<S> {
  readonly #source: StateSource<S>;
  readonly #turn = new Turn();
  readonly #unsubscribe: () => void;
  #begun = false;

  constructor(clock: Clock, settings: Settings<S>, source: StateSource<S>, continuation?: Continuation) {
    super(clock, settings, continuation);
    this.#source = source;
    // First, so that nothing falls between; what it tells at once is in the first state anyway.
    this.#unsubscribe = source.subscribe((...args: unknown[]) => {
      if (this.#begun) this.#turn.run(() => this.#heard(args));
    });
    if (typeof this.#unsubscribe !== "function") {
      throw new StateStreamError(
        "invalid-option",
        "The source's subscribe must return the function that unsubscribes; wrap it where it returns something else.",
      );
    }
    this.#read((state) => this.publisher.begin(state), []);
    this.#begun = true;
  }

  protected detach(): void {
    this.#begun = false;
    this.#unsubscribe();
  }

  protected republish(first: () => void): void {
    this.#turn.run(() => {
      first();
      this.#heard([]);
    });
  }

  #heard(args: readonly unknown[]): void {
    this.#read((reader, state) => {
      const { slice, patches, cause } = changeOf(args, state);
      const named: Change["named"] = slice === undefined ? undefined : new Map([[slice, { operations: patches }]]);
      return this.publisher.publish(reader, { named, cause });
    }, args);
  }

  #read(use: (reader: StateReader<S>, state: S) => StateStreamError[], args: readonly unknown[]): void {
    let state: S;
    try {
      state = this.#source.getState();
      checkState(state, "What the source's getState gave");
    } catch (cause) {
      this.publisher.missed(changeOf(args, {}).slice);
      const message = `The source's getState threw: ${textOf(cause)}. Clients keep the state they have.`;
      this.report(
        cause instanceof StateStreamError ? cause : new StateStreamError("source-failed", message, { cause }),
      );
      return;
    }
    const reader: StateReader<S> = {
      get: (slice) => sliceOf(state, slice),
      names: () => Object.keys(state),
      whole: () => state,
    };
    for (const error of use(reader, state)) this.report(error);
  }
}
