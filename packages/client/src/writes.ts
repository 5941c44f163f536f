import { MAX_TIMER_MS } from "./backoff.ts";
import type { StateClientError, StateClientErrorCode } from "./errors.ts";
import { type Recipe, Layers } from "./layers.ts";
import { Positions, type Settle } from "./positions.ts";

/** What writes need of their client. */
interface Host<S> {
  /** The server's state, if there is one yet; `undefined` once the client is closed. */
  readonly read: () => { readonly state: S | undefined } | undefined;
  readonly error: (code: StateClientErrorCode, why: string) => StateClientError;
  /** A recipe threw when it was replayed. */
  readonly onFailure: (cause: unknown) => void;
  /** Layers were added or removed, and no commit is being applied. */
  readonly onChange: () => void;
  /** Called for each position that is to be awaited. */
  readonly onWait: () => void;
}

/** The application's own writes: which of them the copy contains, and what is shown of the others. */
export class Writes<S extends object> {
  readonly #host: Host<S>;
  readonly #layers: Layers<S>;
  readonly #positions = new Positions();
  /** Whether layers were added or removed since subscribers were notified. */
  changed = false;

  constructor(host: Host<S>) {
    this.#host = host;
    this.#layers = new Layers(host.onFailure);
  }

  /** The state as it is shown. */
  over(state: S | undefined): S | undefined {
    return this.#layers.over(state);
  }

  /** The copy has reached positions: see `Positions`. Removes the layers that it contains. */
  readonly reach: Positions["reach"] = (...reached) => this.#positions.reach(...reached);

  /** Whether a position is awaited. */
  get isWaiting(): boolean {
    return this.#positions.isAwaited;
  }

  close(): void {
    this.#positions.close();
    this.#layers.clear();
  }

  readonly reached = async (eventId: string, { timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stop = (): void => {};
    try {
      await new Promise<void>((resolve, reject) => {
        if (timeoutMs !== undefined) {
          const expire = (): void =>
            reject(this.#host.error("timeout", `${eventId} was not reached within ${timeoutMs} ms.`));
          timer = setTimeout(expire, Math.min(timeoutMs, MAX_TIMER_MS));
        }
        stop = this.#wait(eventId, (error) => (error === undefined ? resolve() : reject(error)));
      });
    } finally {
      clearTimeout(timer);
      stop();
    }
  };

  readonly optimistic = async (
    recipe: Recipe<S>,
    confirmed: Promise<{ readonly eventId: string } | void>,
  ): Promise<void> => {
    const current = this.#host.read();
    let remove = (): boolean => false;
    try {
      if (current !== undefined) remove = this.#layers.add(recipe, current.state);
    } catch (error) {
      // The write may fail as well, and nothing else handles that.
      Promise.resolve(confirmed).catch(() => {});
      throw error;
    }
    this.#host.onChange();
    try {
      const write = await confirmed;
      if (!write) return;
      await new Promise<void>((resolve, reject) => {
        this.#wait(write.eventId, (error) => {
          // Still before subscribers are notified of the commit: none of them sees the state with both or without both.
          if (remove()) this.changed = true;
          if (error === undefined) resolve();
          else reject(error);
        });
      });
    } finally {
      // Where no commit has done it.
      if (remove() || this.changed) this.#host.onChange();
    }
  };

  #wait(eventId: string, settle: (error?: StateClientError) => void): () => void {
    const onSettled: Settle = (code) => settle(code && this.#host.error(code, whyNot(code, eventId)));
    if (this.#host.read() === undefined) {
      onSettled("closed");
      return () => {};
    }
    const stop = this.#positions.wait(eventId, onSettled);
    this.#host.onWait();
    return stop;
  }
}

function whyNot(code: StateClientErrorCode, eventId: string): string {
  if (code === "invalid-event-id") return `"${eventId}" is no event ID. Is the answer's header exposed?`;
  return `The copy does not reach the position ${eventId}.`;
}
