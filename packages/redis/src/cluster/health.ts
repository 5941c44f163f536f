/** After so many missed probes the engine counts as down, and its connection is replaced. */
const MISSES = 3;
/** After so many further ones the connection is replaced again: a slow one needs time to connect. */
const PATIENCE = 5;

export interface HealthOptions {
  /** The time between two probes, in milliseconds. */
  readonly probeMs: number;
  /** Sends probe `n`; resolves when commands work. */
  readonly send: (n: number) => Promise<void>;
  readonly reopenCommands: () => void;
  readonly reopenMessages: () => void;
}

/**
 * Finds out whether commands and messages arrive, by messages that this node sends to itself. Missed probes are counted, not timed, so
 * that a process that was stopped for a while does not consider itself cut off.
 */
export class Health {
  downSince: number | undefined;

  readonly #options: HealthOptions;
  readonly #listeners = new Set<(change: "up" | "down") => void>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #commands = new Missed();
  readonly #messages = new Missed();
  #sent = 0;
  #answered = 0;
  #heard = 0;
  /** The last probe whose command succeeded and whose message arrived. */
  #good = 0;
  #goodAt = Date.now();
  /** `up` is emitted once this probe, or a later one, is good. */
  #owesUpFrom = Infinity;
  #reopens = false;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), options.probeMs);
    this.#timer.unref();
  }

  onChange(listener: (change: "up" | "down") => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Probe `n` came back as a message. */
  heard(n: number): void {
    this.#heard = n;
    this.#messages.seen();
    this.#judge();
  }

  /** A call was answered: probes may wait behind other calls. */
  answered(): void {
    this.#commands.seen();
  }

  /** There is a new connection; `again`: it is not the first one. */
  connected(again: boolean): void {
    this.#probe();
    if (again) this.#owesUpFrom = this.#sent;
  }

  /** Replaces both connections at the next probe. */
  reopenSoon(): void {
    this.#reopens = true;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  #tick(): void {
    const { reopenCommands, reopenMessages } = this.#options;
    const commands = this.#commands.count();
    const messages = this.#messages.count();
    if (Math.max(commands, messages) >= MISSES && this.downSince === undefined) {
      this.downSince = this.#goodAt;
      this.#emit("down");
    }
    if (this.#reopens || isTimeToReopen(commands)) reopenCommands();
    if (this.#reopens || isTimeToReopen(messages)) reopenMessages();
    this.#reopens = false;
    this.#probe();
  }

  #probe(): void {
    const n = ++this.#sent;
    this.#options.send(n).then(
      () => {
        this.#answered = n;
        this.#commands.seen();
        this.#judge();
      },
      // The probe counts as missed.
      () => {},
    );
  }

  #judge(): void {
    const good = Math.min(this.#answered, this.#heard);
    if (good <= this.#good) return;
    this.#good = good;
    this.#goodAt = Date.now();
    if (this.downSince === undefined && good < this.#owesUpFrom) return;
    this.downSince = undefined;
    this.#owesUpFrom = Infinity;
    this.#emit("up");
  }

  #emit(change: "up" | "down"): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function isTimeToReopen(misses: number): boolean {
  return misses >= MISSES && (misses - MISSES) % PATIENCE === 0;
}

/** Counts intervals without a sign of life. */
class Missed {
  #misses = 0;
  #seen = true;

  seen(): void {
    this.#seen = true;
  }

  /** Ends an interval. Gives how many missed ones there were in a row. */
  count(): number {
    this.#misses = this.#seen ? 0 : this.#misses + 1;
    this.#seen = false;
    return this.#misses;
  }
}
