import type { Json } from "../json/types.ts";
import type { Cause } from "../protocol/events.ts";
import { checkState } from "./check-state.ts";
import type { Settings } from "./options.ts";
import type { ViewParent } from "./viewed-stream.ts";

type View = Readonly<Record<string, unknown>>;

/** A value that no state equals, so that the next comparison with the parent's state finds a difference. */
const NOTHING = Symbol("nothing");

/** What the application's function makes of the parent's state: called only where one of them may have changed. */
export class Projection {
  readonly #parent: ViewParent;
  readonly #project: (state: object) => unknown;
  readonly #settings: Pick<Settings<never>, "sharedJson" | "watched" | "snapshots" | "slices">;
  /** The parent's state that was projected last, and the parent's position then. */
  #seen: unknown = NOTHING;
  #seenHead = 0;
  /** The view that was published last; `undefined` if that failed. */
  #shown: View | undefined;

  constructor(
    parent: ViewParent,
    project: (state: object) => unknown,
    settings: Pick<Settings<never>, "sharedJson" | "watched" | "snapshots" | "slices">,
  ) {
    this.#parent = parent;
    this.#project = project;
    this.#settings = settings;
  }

  get isDue(): boolean {
    return this.#parent.state !== this.#seen;
  }

  /** Makes it due, although the parent's state is the same. */
  refresh(): void {
    this.#seen = NOTHING;
  }

  /**
   * The view, and the cause of all that has changed since the last one; `undefined` where it shows what was published last.
   * Throws what the function throws, and where it gives no view.
   */
  make(): { readonly view: View; readonly cause: Cause | undefined } | undefined {
    const { state, head } = this.#parent;
    const cause = this.#parent.causeSince(this.#seenHead);
    this.#seen = state;
    this.#seenHead = head;
    this.#trust(state);
    const view = viewOf(this.#project(state));
    return this.#isShown(view) ? undefined : { view, cause };
  }

  /** Clients have been sent this view. */
  published(view: View): void {
    this.#shown = view;
  }

  /** What clients have been sent is not known. */
  failed(): void {
    this.#shown = undefined;
  }

  /** The parent's state is JSON that the parent watches, so slices that the view shows unchanged need not be read again. */
  #trust(state: object): void {
    const { sharedJson, watched } = this.#settings;
    // Another view has done so.
    if (watched?.has(state) !== false) return;
    for (const json of [state as Json, ...(Object.values(state) as Json[])]) {
      if (typeof json !== "object" || json === null) continue;
      sharedJson?.set(json, json);
      watched.add(json);
    }
  }

  /** Whether every slice is the same object as before, so that nothing has to be compared. */
  #isShown(view: View): boolean {
    const { snapshots, slices } = this.#settings;
    const before = this.#shown;
    // A value mutated in place is the same object, and a function decides anew each time.
    if (before === undefined || snapshots !== "shared" || typeof slices === "function") return false;
    const names = Object.keys(view);
    return (
      names.length === Object.keys(before).length &&
      names.every((name) => Object.hasOwn(before, name) && before[name] === view[name])
    );
  }
}

/** The slices that the application's function gave: a copy, since it may give the same object each time, changed. */
function viewOf(given: unknown): View {
  if (typeof (given as PromiseLike<unknown> | null | undefined)?.then === "function") {
    // It may reject, which must not end the process.
    void Promise.resolve(given).catch(() => undefined);
    throw new Error("the function is async; it must return the view itself");
  }
  checkState(given, "What the function returned");
  return { ...given };
}
