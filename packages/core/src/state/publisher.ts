import { StateStreamError, withCause } from "../support/errors.ts";
import type { Cause } from "../protocol/events.ts";
import { guarded } from "../json/json.ts";
import type { Entry } from "../log/entry.ts";
import type { SliceChange } from "../log/slice-change.ts";
import { isNames } from "./options.ts";
import type { Patched } from "./logged-state.ts";
import type { BaseStateStream } from "./state-stream.ts";

/** A state to be published, read slice by slice. */
export interface StateReader<S> {
  /** `undefined` when the slice is absent. */
  get(slice: string): unknown;
  names(): Iterable<string>;
  whole(): S;
}

/** What is known of a change of the state. */
export interface StateUpdate {
  /** The slices that the caller names as changed; `undefined` when any may have. */
  readonly named: ReadonlyMap<string, NamedSlice> | undefined;
  /** For slices without a cause of their own. */
  readonly cause: Cause | undefined;
}

export interface NamedSlice {
  readonly cause?: Cause | undefined;
  readonly patched?: Patched | undefined;
}

/** The names of the slices that clients may see; `undefined` means all. */
type Visible = ReadonlySet<string> | undefined;

const NO_FAILURES: readonly StateStreamError[] = [];

/**
 * Brings changes of the state into the logged state and the log. Visibility is decided first: the value of a slice that
 * clients may not see is not even read.
 */
export class Publisher<S extends object> {
  readonly #stream: BaseStateStream<S>;
  readonly #onCommit: (events: readonly Entry[]) => void;
  /** The option `slices`, where it is a list. */
  readonly #listed: Visible;
  /** Slices of updates that were withheld: the next update compares them too. */
  readonly #withheld = new Set<string>();
  /** An update that named no slices was withheld: the next one compares every slice. */
  #allWithheld = false;

  /** `onCommit` is called inside each change with the events it appended, after the stream knows of them. */
  constructor(stream: BaseStateStream<S>, onCommit: (events: readonly Entry[]) => void = () => undefined) {
    this.#stream = stream;
    this.#onCommit = onCommit;
    const { slices } = stream.settings;
    this.#listed = typeof slices === "object" ? new Set(slices) : undefined;
  }

  /** Takes over the first state: nothing is logged. Returns what failed. */
  begin(state: StateReader<S>): readonly StateStreamError[] {
    const failures: StateStreamError[] = [];
    const changes = this.#plan(state, { named: undefined, cause: undefined }, failures);
    for (const change of changes) this.#stream.logged.apply(change);
    this.#stream.logged.warnOfMutations();
    return failures;
  }

  /**
   * Appends one commit with what changed, and returns what failed: such a slice keeps its previous value. For own state,
   * `restore` puts that value back; the option `slices` is then called again, so it never decides on a rejected state.
   */
  publish(
    state: StateReader<S>,
    update: StateUpdate,
    restore?: (failure: StateStreamError) => void,
  ): readonly StateStreamError[] {
    const failures: StateStreamError[] = [];
    let changes = this.#plan(state, update, failures);
    if (failures.length > 0 && restore !== undefined)
      changes = this.#restored(changes, state, update, failures, restore);
    if (!failures.some(isWithheld)) this.#clearWithheld();
    if (changes.length > 0) this.#commit(changes);
    this.#stream.logged.warnOfMutations();
    return failures.length > 0 ? failures : NO_FAILURES;
  }

  /** Records an update whose state could not be read: the next one compares every slice. */
  deferAll(slice: string | undefined): void {
    this.#allWithheld = true;
    if (slice !== undefined) this.#withheld.add(slice);
  }

  /** The withheld updates have now been compared. */
  #clearWithheld(): void {
    // Clearing an empty set is not free.
    if (this.#withheld.size > 0) this.#withheld.clear();
    this.#allWithheld = false;
  }

  /** No user code runs from here on, so that the logged state and the log change together. */
  #commit(changes: readonly SliceChange[]): void {
    const { log, clock } = this.#stream;
    let events = 0;
    for (const change of changes) {
      this.#stream.apply(change);
      if (change.difference !== undefined) events++;
    }
    if (events === 0) return;
    const position = log.head;
    const entries = log.append(changes, clock.now());
    this.#stream.published(entries, position);
    this.#onCommit(entries);
  }

  /** Restores slices that failed and decides again which are visible, until nothing else fails. Adds to `failures`. */
  #restored(
    changes: SliceChange[],
    state: StateReader<S>,
    update: StateUpdate,
    failures: StateStreamError[],
    restore: (failure: StateStreamError) => void,
  ): SliceChange[] {
    const failed = new Set<string | undefined>();
    for (let latest = failures.slice(); ;) {
      for (const failure of latest) {
        failed.add(failure.slice);
        restore(failure);
      }
      if (latest.some(isWithheld)) return [];
      if (typeof this.#stream.settings.slices !== "function") return changes;
      const named = new Map([...(update.named ?? [])].filter(([slice]) => !failed.has(slice)));
      const found: StateStreamError[] = [];
      changes = this.#plan(state, { ...update, named }, found);
      latest = found.filter(({ slice }) => !failed.has(slice));
      if (latest.length === 0) return changes;
      failures.push(...latest);
    }
  }

  /** The changes that bring the logged state to this state. Adds what fails to `failures`. */
  #plan(state: StateReader<S>, update: StateUpdate, failures: StateStreamError[]): SliceChange[] {
    const changes: SliceChange[] = [];
    let visible: Visible;
    try {
      visible = this.#visible(state);
    } catch (error) {
      for (const slice of update.named?.keys() ?? []) this.#withheld.add(slice);
      this.#allWithheld ||= update.named === undefined;
      failures.push(error as StateStreamError);
      return changes;
    }
    for (const slice of this.#candidates(state, update.named, visible)) {
      try {
        const change = this.#planSlice(state, slice, update, visible);
        if (change !== undefined) changes.push(change);
      } catch (error) {
        failures.push(error as StateStreamError);
      }
    }
    return changes;
  }

  #planSlice(state: StateReader<S>, slice: string, update: StateUpdate, visible: Visible): SliceChange | undefined {
    const { logged } = this.#stream;
    const named = update.named?.get(slice);
    const withheld = this.#withheld.has(slice);
    const change =
      visible === undefined || visible.has(slice)
        ? logged.plan(
            slice,
            guarded(undefined, slice, () => state.get(slice)),
            { namedByCaller: named !== undefined || withheld, patched: named?.patched },
          )
        : logged.planRemoval(slice, true);
    if (change?.difference === undefined) return change;
    // A slice that only a withheld update named did not change for the cause of this one.
    const cause = named === undefined && withheld ? undefined : (named?.cause ?? update.cause);
    if (cause !== undefined) change.cause = this.#causeText(slice, cause);
    return change;
  }

  /** The slices to compare. */
  #candidates(state: StateReader<S>, named: StateUpdate["named"], visible: Visible): Iterable<string> {
    const { logged, settings } = this.#stream;
    if (named === undefined || this.#allWithheld) return new Set([...logged.names(), ...(visible ?? state.names())]);
    const decides = typeof settings.slices === "function";
    if (!decides && this.#withheld.size === 0) return named.keys();
    const candidates = new Set([...named.keys(), ...this.#withheld]);
    // The function may have decided otherwise about any slice.
    if (decides && visible !== undefined) {
      for (const slice of visible) if (!logged.has(slice)) candidates.add(slice);
      for (const slice of logged.names()) if (!visible.has(slice)) candidates.add(slice);
    }
    return candidates;
  }

  /** @throws {StateStreamError} `slices-failed` */
  #visible(state: StateReader<S>): Visible {
    const { slices } = this.#stream.settings;
    if (typeof slices !== "function") return this.#listed;
    const why = "Until it gives a list of names again, changes are withheld from every client.";
    let names: unknown;
    try {
      names = slices(state.whole());
    } catch (cause) {
      throw new StateStreamError("slices-failed", withCause("The option slices threw", cause, why), { cause });
    }
    if (isNames(names)) return new Set(names);
    throw new StateStreamError("slices-failed", `The option slices gave no list of names. ${why}`);
  }

  #causeText(slice: string, cause: Cause): string | undefined {
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

/** Whether the decision about visible slices failed, rather than one slice. */
function isWithheld({ slice }: StateStreamError): boolean {
  return slice === undefined;
}
