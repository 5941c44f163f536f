import type { Cause } from "../protocol/events.ts";
import { invalidOption, StateStreamError, withCause } from "../support/errors.ts";
import type { NamedSlice, Publisher, StateReader } from "./publisher.ts";
import { changeOf, sliceOf, type StateChange, type StateSource } from "./source.ts";
import { SourcePace } from "./source-pace.ts";
import { checkState } from "./check-state.ts";
import type { BaseStateStream } from "./state-stream.ts";

/** What is known from notifications that have not been published yet. */
interface Waiting {
  readonly slices: Set<string>;
  /** One of them named no slice. */
  all: boolean;
  /** The cause, if all of them have the same one. */
  cause: Cause | undefined;
}

/** Publishes the state of a source at its notifications: at each, or at most so often. */
export class SourceFeed<S extends object> {
  readonly #stream: BaseStateStream<S>;
  readonly #publisher: Publisher<S>;
  readonly #source: StateSource<S>;
  readonly #pace: SourcePace | undefined;
  #waiting: Waiting | undefined;
  #begun = false;

  /** `rateHz`: at most so often a second. */
  constructor(stream: BaseStateStream<S>, publisher: Publisher<S>, source: StateSource<S>, rateHz: number | undefined) {
    this.#stream = stream;
    this.#publisher = publisher;
    this.#source = source;
    if (rateHz !== undefined)
      this.#pace = new SourcePace(stream.clock, rateHz, () => stream.turn.run(() => this.#publishWaiting()));
    // Subscribed before the first read, so that no change falls between; one notified meanwhile is in the first state.
    const unsubscribe = source.subscribe((...args: unknown[]) => {
      if (this.#begun) this.#notified(args);
    });
    if (typeof unsubscribe !== "function") {
      throw invalidOption(
        "The source's subscribe must return the function that unsubscribes; wrap it where it returns something else.",
      );
    }
    stream.onClosing(() => {
      // Clients get the last state before their end.
      if (this.#pace?.stop() === true) this.#publishWaiting();
      this.#begun = false;
      unsubscribe();
    });
    this.#read(
      (state) => publisher.begin(state),
      () => [],
    );
    this.#begun = true;
  }

  /** Runs `first` between two changes, then publishes every slice that differs from the logged state. */
  republish(first: () => void): void {
    this.#stream.turn.run(() => {
      first();
      this.#publish([]);
    });
  }

  #notified(args: readonly unknown[]): void {
    if (this.#pace === undefined) {
      this.#stream.turn.run(() => this.#publish(args));
      return;
    }
    const { slice, cause } = this.#changeOf(args, this.#peek());
    const waiting = (this.#waiting ??= { slices: new Set(), all: false, cause });
    if (waiting.cause !== cause) waiting.cause = undefined;
    if (slice === undefined) waiting.all = true;
    else waiting.slices.add(slice);
    this.#pace.request();
  }

  /** The state, to recognise it among the arguments of a notification. */
  #peek(): object {
    try {
      return this.#source.getState();
    } catch {
      // It is read again when it is published, and reported then.
      return {};
    }
  }

  #publishWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    const { slices, all, cause } = waiting;
    // Where every slice is compared, those that were named may still have been mutated in place.
    if (all) for (const slice of slices) this.#publisher.deferAll(slice);
    const named = all ? undefined : new Map<string, NamedSlice>([...slices].map((slice) => [slice, {}]));
    this.#read(
      (reader) => this.#publisher.publish(reader, { named, cause }),
      () => slices,
    );
  }

  #publish(args: readonly unknown[]): void {
    this.#read(
      (reader, state) => {
        const { slice, cause } = this.#changeOf(args, state);
        const named = slice === undefined ? undefined : new Map<string, NamedSlice>([[slice, {}]]);
        return this.#publisher.publish(reader, { named, cause });
      },
      () => sliceNames(this.#changeOf(args, {})),
    );
  }

  /** A getter of the change may throw, which must not reach the emitter and must not lose the change. */
  #changeOf(args: readonly unknown[], state: object): StateChange {
    try {
      return changeOf(args, state);
    } catch (cause) {
      const message = withCause("Reading the source's change threw", cause, "Every slice was compared instead.");
      this.#stream.report(new StateStreamError("source-failed", message, { cause }));
      return {};
    }
  }

  /** `named`: the slices that the source named, in case its state cannot be read now. */
  #read(use: (reader: StateReader<S>, state: S) => readonly StateStreamError[], named: () => Iterable<string>): void {
    let state: S;
    try {
      state = this.#source.getState();
      checkState(state, "What the source's getState gave");
    } catch (cause) {
      this.#publisher.deferAll(undefined);
      for (const slice of named()) this.#publisher.deferAll(slice);
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

function sliceNames({ slice }: StateChange): string[] {
  return slice === undefined ? [] : [slice];
}
