import { applyPatches } from "./patch.js";

/**
 * @typedef {"live" | "waiting" | "closed"} StatusKind
 * @typedef {{ type: string, [member: string]: any }} StateEvent
 * @typedef {object} Listeners
 * @property {(kind: StatusKind, text: string) => void} onStatus
 * @property {(event: StateEvent, id: string, data: string) => void} onEvent every event, as it came
 * @property {(slice: string, value: any) => void} onSlice a slice has a new value; `undefined` when it is gone
 */

/** How long to wait before asking again where EventSource has given up. */
const RETRY_MS = 3000;

/** A copy of the server's state. EventSource reconnects and resumes by itself; what it cannot see is checked here. */
export class LiveState {
  #url;
  #listeners;
  /** @type {EventSource | undefined} */
  #source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Map<string, any>} */
  #slices = new Map();
  /** @type {Map<string, number>} the seq of each slice's last event */
  #versions = new Map();
  /** The position of the connection's first event: no slice is older. */
  #floor = 0;
  #lastSeq = 0;
  /** Whether the next event is the first of its connection. */
  #fresh = true;
  #heartbeatMs = 15_000;

  /** @param {string} url @param {Listeners} listeners */
  constructor(url, listeners) {
    this.#url = url;
    this.#listeners = listeners;
  }

  /** Connects anew, from a snapshot. Repeated `slices` narrow the stream; one empty name stands for none. */
  follow(/** @type {readonly string[] | undefined} */ slices) {
    this.#stop();
    const query = new URLSearchParams((slices ?? []).map((slice) => ["slices", slice]));
    if (slices?.length === 0) query.append("slices", "");
    const source = new EventSource(query.size > 0 ? `${this.#url}?${query}` : this.#url);
    const retry = () => this.follow(slices);
    this.#source = source;
    this.#status("waiting", "Connecting");

    source.onopen = () => {
      this.#fresh = true;
      this.#status("live", "Live");
    };
    source.onerror = () => {
      clearTimeout(this.#timer);
      if (source.readyState === EventSource.CLOSED) this.#timer = setTimeout(retry, RETRY_MS);
      this.#status("waiting", "Reconnecting");
    };
    for (const type of ["state.initial", "state.update", "heartbeat", "state.end"]) {
      source.addEventListener(type, ({ data, lastEventId }) => {
        const event = JSON.parse(data);
        this.#listeners.onEvent(event, lastEventId, data);
        // A gap: what follows would build on what this copy does not have.
        if (!this.#accept(event)) return retry();
        // EventSource does not notice a dead line; the server says how often it would be heard.
        clearTimeout(this.#timer);
        if (source.readyState === EventSource.OPEN) this.#timer = setTimeout(retry, this.#heartbeatMs * 2.5);
      });
    }
  }

  #stop() {
    this.#source?.close();
    clearTimeout(this.#timer);
  }

  /** @type {(kind: StatusKind, text: string) => void} */
  #status(kind, text) {
    this.#listeners.onStatus(kind, text);
  }

  /** Whether the copy still follows. @param {StateEvent} event */
  #accept(event) {
    const first = this.#fresh;
    this.#fresh = false;
    switch (event.type) {
      case "state.initial":
        this.#startAt(event);
        this.#replace(event.slices);
        return true;
      case "heartbeat":
        // The first one says that the server resumes here.
        if (first) this.#startAt(event);
        return !(event.head > this.#lastSeq && event.head <= event.seq);
      case "state.update":
        return this.#update(event);
      default:
        if (!event.retry) {
          this.#stop();
          this.#status("closed", `Closed by the server: ${event.reason}`);
        }
        return true;
    }
  }

  /** @param {StateEvent} event */
  #startAt({ seq, heartbeatMs }) {
    this.#floor = seq;
    this.#lastSeq = seq;
    this.#heartbeatMs = heartbeatMs;
    this.#versions.clear();
  }

  /** @param {Record<string, unknown>} slices */
  #replace(slices) {
    const gone = [...this.#slices.keys()].filter((slice) => !Object.hasOwn(slices, slice));
    this.#slices = new Map(Object.entries(slices));
    for (const slice of gone) this.#listeners.onSlice(slice, undefined);
    for (const [slice, value] of this.#slices) this.#listeners.onSlice(slice, value);
  }

  /** @param {StateEvent} event */
  #update({ slice, seq, base, patches, value, removed }) {
    const version = this.#versions.get(slice) ?? this.#floor;
    if (seq <= version) return true;
    if (base > version) return false;
    try {
      if (removed) this.#slices.delete(slice);
      else this.#slices.set(slice, patches === undefined ? value : applyPatches(this.#slices.get(slice), patches));
    } catch {
      return false;
    }
    this.#versions.set(slice, seq);
    this.#lastSeq = seq;
    this.#listeners.onSlice(slice, this.#slices.get(slice));
    return true;
  }
}
