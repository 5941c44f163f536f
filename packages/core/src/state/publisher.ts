import { StateStreamError, withCause } from "../support/errors.ts";
import type { Cause } from "../protocol/events.ts";
import type { Operation } from "../json/types.ts";
import { guarded } from "../json/json.ts";
import type { Draft, Entry } from "../log/log.ts";
import { applyOperations } from "../json/operations.ts";
import { isNames } from "./options.ts";
import type { Patched, Step } from "./slices.ts";
import type { BaseStateStream } from "./state-stream.ts";

/** A state to be published, read slice by slice. */
export interface StateReader<S> {
  /** `undefined` when the slice is absent. */
  get(slice: string): unknown;
  names(): Iterable<string>;
  whole(): S;
}

/** What is known of a change. */
export interface Change {
  /** The slices named as changed, with their operations where known; `undefined` when any may have. */
  readonly named: ReadonlyMap<string, ChangeOf> | undefined;
  /** For slices without a cause of their own. */
  readonly cause: Cause | undefined;
}

export interface ChangeOf {
  readonly cause?: Cause | undefined;
  /** Operations a source brings, still to be applied to what clients hold. */
  readonly operations?: readonly Operation[] | undefined;
  /** Operations that were applied to what clients hold. */
  readonly patched?: Patched | undefined;
}

/** A step with what else the log is told. */
interface PlannedStep extends Step {
  /** JSON of its cause. */
  readonly cause: string | undefined;
  /** It goes since it may no longer be seen. */
  readonly hidden: boolean;
}

/** Brings changes of the state into the log: which slices may be seen, what happened to each, and why. */
export class Publisher<S extends object> {
  readonly #stream: BaseStateStream<S>;
  readonly #onCommit: (events: readonly Entry[]) => void;
  /** Slices of changes that were withheld: the next change looks at them too. */
  readonly #withheld = new Set<string>();
  /** The same, of a change that named none. */
  #withheldAll = false;

  /** `onCommit` is called inside each change with the events it appended, after the stream knows of them. */
  constructor(stream: BaseStateStream<S>, onCommit: (events: readonly Entry[]) => void = () => undefined) {
    this.#stream = stream;
    this.#onCommit = onCommit;
  }

  /** Takes the first state in: nothing is logged. Returns what failed. */
  begin(state: StateReader<S>): StateStreamError[] {
    const { steps, failures } = this.#collect(state, { named: undefined, cause: undefined });
    this.#settle(failures);
    for (const step of steps) this.#stream.slices.move(step);
    return failures;
  }

  /**
   * Appends one commit with what changed. Returns what failed: a slice that did keeps its previous value. Where the state
   * is ours, `restore` puts that back, and which slices may be seen is asked again: never of a state that did not come.
   */
  publish(state: StateReader<S>, change: Change, restore?: (failure: StateStreamError) => void): StateStreamError[] {
    const failed = new Map<string | undefined, StateStreamError>();
    let { steps, failures } = this.#collect(state, change);
    while (restore !== undefined && failures.some(({ slice }) => !failed.has(slice))) {
      for (const failure of failures) {
        failed.set(failure.slice, failure);
        restore(failure);
      }
      if (isWithheld(failures) || typeof this.#stream.settings.slices !== "function") break;
      const named = new Map([...(change.named ?? [])].filter(([slice]) => !failed.has(slice)));
      ({ steps, failures } = this.#collect(state, { ...change, named }));
    }
    this.#settle(failures);
    // From here on nobody is asked anything: what clients have and what the log says change together.
    for (const step of steps) this.#stream.slices.move(step);
    const drafts = steps.filter((step): step is PlannedStep & Draft => step.difference !== undefined);
    if (drafts.length > 0) {
      const { log, clock } = this.#stream;
      const position = log.head;
      const events = log.append(drafts, clock.now());
      this.#stream.published(events, position);
      this.#onCommit(events);
    }
    return restore === undefined ? failures : [...failed.values()];
  }

  /** Takes note of a change whose state could not be had: the next one looks at every slice. */
  missed(slice: string | undefined): void {
    this.#withheldAll = true;
    if (slice !== undefined) this.#withheld.add(slice);
  }

  /** What was withheld before has been looked at, unless this change is withheld too. */
  #settle(failures: readonly StateStreamError[]): void {
    if (isWithheld(failures)) return;
    this.#withheld.clear();
    this.#withheldAll = false;
  }

  #collect(state: StateReader<S>, change: Change): { steps: PlannedStep[]; failures: StateStreamError[] } {
    const steps: PlannedStep[] = [];
    const failures: StateStreamError[] = [];
    let visible: (slice: string) => boolean;
    let candidates: Iterable<string>;
    try {
      [visible, candidates] = this.#visible(state, change);
    } catch (error) {
      for (const slice of change.named?.keys() ?? []) this.#withheld.add(slice);
      this.#withheldAll ||= change.named === undefined;
      return { steps, failures: [error as StateStreamError] };
    }
    const withheld = this.#withheld;
    const all = this.#withheldAll;
    for (const slice of candidates) {
      const given = change.named?.get(slice);
      try {
        const value = guarded(undefined, slice, () => state.get(slice));
        // Operations do not build on a state that clients were not told of.
        const builds = !all && !withheld.has(slice);
        const patched = given?.patched ?? (builds ? this.#apply(slice, given?.operations) : undefined);
        const shown = visible(slice);
        const named = given !== undefined || withheld.has(slice);
        const step = this.#stream.slices.step(slice, shown ? value : undefined, { named, patched });
        if (step === undefined) continue;
        // The cause of this change is not that of one that was withheld before.
        const cause = given === undefined && withheld.has(slice) ? undefined : (given?.cause ?? change.cause);
        const text = step.difference === undefined ? undefined : this.#causeText(slice, cause);
        steps.push({ ...step, cause: text, hidden: !shown && value !== undefined });
      } catch (error) {
        failures.push(error as StateStreamError);
      }
    }
    return { steps, failures };
  }

  /** Which slices may be seen now, and which are to be looked at. */
  #visible(state: StateReader<S>, { named }: Change): [(slice: string) => boolean, Iterable<string>] {
    const { slices } = this.#stream.settings;
    const changed = named && !this.#withheldAll ? [...named.keys(), ...this.#withheld] : undefined;
    if (slices === undefined) {
      return [() => true, changed === undefined ? this.#all(state.names()) : new Set(changed)];
    }
    const names = new Set(typeof slices === "function" ? this.#ask(slices, state) : slices);
    const visible = (slice: string): boolean => names.has(slice);
    // A function may have changed its mind about any slice.
    const reconsidered =
      typeof slices === "function"
        ? [...names, ...this.#stream.slices.names()].filter((name) => names.has(name) !== this.#stream.slices.has(name))
        : [];
    return [visible, changed === undefined ? this.#all(names) : new Set([...changed, ...reconsidered])];
  }

  #all(names: Iterable<string>): Set<string> {
    return new Set([...this.#stream.slices.names(), ...names]);
  }

  #ask(slices: (state: S) => readonly string[], state: StateReader<S>): readonly string[] {
    const why = "Until it gives a list of names again, changes are withheld from every client.";
    let names: unknown;
    try {
      names = slices(state.whole());
    } catch (cause) {
      throw new StateStreamError("slices-failed", withCause("The option slices threw", cause, why), { cause });
    }
    if (isNames(names)) return names;
    throw new StateStreamError("slices-failed", `The option slices gave no list of names. ${why}`);
  }

  /** Operations of a source, tried on what clients hold; where they do not fit, the values are compared instead. */
  #apply(slice: string, given: readonly Operation[] | undefined): Patched | undefined {
    const before = given && this.#stream.slices.json(slice);
    if (given === undefined || before === undefined) return undefined;
    try {
      const operations = JSON.parse(JSON.stringify(given)) as Operation[];
      return { operations, json: applyOperations(before, operations, slice) };
    } catch (cause) {
      const message = withCause(
        `The source's patches for slice "${slice}" cannot be used`,
        cause,
        "Its values were compared instead.",
      );
      this.#stream.report(new StateStreamError("invalid-patch", message, { slice, cause }));
      return undefined;
    }
  }

  #causeText(slice: string, cause: Cause | undefined): string | undefined {
    if (cause === undefined) return undefined;
    try {
      return JSON.stringify(this.#stream.settings.cause(cause, { slice }));
    } catch (error) {
      const failed = `The option cause failed on a change of slice "${slice}"`;
      const message = withCause(failed, error, "The change was sent without a cause.");
      this.#stream.report(new StateStreamError("cause-failed", message, { slice, cause: error }));
      return undefined;
    }
  }
}

/** Whether what failed is not one slice, but the question which may be seen. */
function isWithheld(failures: readonly StateStreamError[]): boolean {
  return failures.some(({ slice }) => slice === undefined);
}
