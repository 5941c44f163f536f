import type { Json } from "@statestream/core";
import { EventReader } from "./event-reader.ts";
import { isUpdate, type Received } from "./event.ts";
import { checkHeaders } from "./headers.ts";
import { HttpSocket } from "./http.ts";
import { type ProbeRequest, rawRequest, type RequestDefaults } from "./probe-request.ts";
import { Replica } from "./replica.ts";
import type { Rule, Violation } from "./rules.ts";

/** How long a probe waits, and which rules it does not check. */
export interface ProbeSettings {
  /** How long it waits for what must come, in milliseconds. */
  readonly patienceMs: number;
  readonly tolerates: ReadonlySet<Rule>;
  /** Defaults of every request. */
  readonly defaults: RequestDefaults;
}

/** The time that a probe waits is divided into so many steps. */
const TICKS = 20;

interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One client: sends a request on a socket of its own and checks every byte of the answer. */
export class Probe {
  readonly replica: Replica;
  readonly events: Received[] = [];
  readonly violations: Violation[] = [];
  status = 0;
  headers: readonly (readonly [name: string, value: string])[] = [];
  /** The response is over in the way its framing says. */
  ended = false;
  /** The socket is closed. */
  closed = false;
  /** Bytes of the body. */
  bodyBytes = 0;
  /** The longest time between two reads of the body, in milliseconds. On a busy machine it is longer than the case intends. */
  longestGapMs = 0;
  #readAt = performance.now();
  readonly #url: URL;
  readonly #settings: ProbeSettings;
  readonly #socket: HttpSocket;
  readonly #reader: EventReader;
  readonly #waiters = new Set<Waiter>();

  constructor(url: string, request: ProbeRequest, settings: ProbeSettings, socket?: HttpSocket) {
    this.#url = new URL(url);
    this.#settings = settings;
    const report = (rule: Rule, text: string): void => {
      if (!settings.tolerates.has(rule)) this.violations.push({ rule, text });
    };
    this.replica = new Replica(report);
    if (request.after !== undefined) this.replica.continue(request.after.replica);
    this.#reader = new EventReader(report, (event) => {
      this.events.push(event);
      this.replica.take(event);
    });
    this.#socket = socket ?? new HttpSocket(this.#url);
    this.#socket.send(rawRequest(this.#url, request, settings.defaults), {
      head: (status, headers) => {
        this.status = status;
        this.headers = headers;
        checkHeaders(headers, report);
        this.#wake();
      },
      body: (bytes) => {
        const now = performance.now();
        this.longestGapMs = Math.max(this.longestGapMs, now - this.#readAt);
        this.#readAt = now;
        this.bodyBytes += bytes.length;
        if (this.streams) this.#reader.chunk(bytes);
        this.#wake();
      },
      end: () => {
        this.ended = true;
        if (this.#reader.unfinished > 0) report("lines", "the response ended within an event");
        this.#wake();
      },
      closed: () => {
        this.closed = true;
        this.#wake();
      },
      fault: (text) => {
        report("http", text);
        this.#wake();
      },
    });
    if (request.paused === true) this.pause();
  }

  /** Whether the answer is a stream of events. */
  get streams(): boolean {
    return this.status === 200 && this.header("content-type")?.startsWith("text/event-stream") === true;
  }

  get updates(): (Received & { readonly data: { readonly type: "state.update" } })[] {
    return this.events.filter(isUpdate);
  }

  /** The id with which a client would reconnect. */
  get lastEventId(): string | undefined {
    return this.events.findLast(({ id }) => id !== "")?.id;
  }

  get retryMs(): number | undefined {
    return this.#reader.retryMs;
  }

  get chunks(): number {
    return this.#reader.chunks;
  }

  header(name: string): string | undefined {
    return this.headers.find((entry) => entry[0] === name)?.[1];
  }

  /**
   * Waits for what the server must do. Fails at once when that has become impossible, or a rule was broken; and when
   * nothing arrived for the time of its patience, or the right event did not arrive in ten times as long.
   */
  async until(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return;
    let seen = this.#socket.received;
    let ticks = 0;
    let idle = 0;
    await new Promise<void>((resolve, reject) => {
      // Counted in ticks, of which a busy process misses some: a busy test process must not look like a slow server.
      const timer = setInterval(() => {
        idle = this.#socket.received === seen ? idle + 1 : 0;
        seen = this.#socket.received;
        if (idle > TICKS || ++ticks > 10 * TICKS) done(this.#failure(`waited in vain for ${what}`));
      }, this.#settings.patienceMs / TICKS);
      const done = (error?: Error): void => {
        clearInterval(timer);
        this.#waiters.delete(waiter);
        if (error === undefined) resolve();
        else reject(error);
      };
      const waiter: Waiter = { holds, resolve: () => done(), reject: done };
      this.#waiters.add(waiter);
      this.#wake();
    });
  }

  /** The head of the response has come. */
  async answered(): Promise<this> {
    await this.until(() => this.status !== 0, "the head of the response");
    return this;
  }

  /** Waits for the event at an index. */
  async event(index: number): Promise<Received> {
    await this.until(() => this.events.length > index, `event ${index}`);
    return this.events[index] as Received;
  }

  /** Waits until the client holds this state and lacks nothing that the server has announced. */
  async reaches(state: Readonly<Record<string, Json>>): Promise<void> {
    await this.until(() => this.replica.live && this.replica.is(state), `the state ${shown(state)}`);
  }

  async end(): Promise<void> {
    await this.until(() => this.ended, "the end of the response");
  }

  async gone(): Promise<void> {
    await this.until(() => this.closed, "the socket to be closed");
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** From now on reads so many bytes, pauses so long, and so on: a slow reader, but an honest one. */
  drip(bytes: number, pauseMs: number): void {
    this.#socket.drip(bytes, pauseMs);
  }

  /** Leaves without a word. */
  cut(): void {
    this.#socket.destroy();
  }

  /** The next request on the same socket. */
  again(request: ProbeRequest): Probe {
    return new Probe(this.#url.href, request, this.#settings, this.#socket);
  }

  /** What it has received so far, for a message. */
  describe(): string {
    const broken = this.violations.slice(0, 5).map(({ rule, text }) => `breaks the rule "${rule}": ${text}`);
    const names = this.events.slice(-8).map(({ event, id }) => `${event} ${id}`);
    const held = shown(Object.fromEntries(this.replica.slices));
    return [...broken, `status ${this.status}, holds ${held}, last events: ${names.join(", ") || "none"}`].join("\n  ");
  }

  #wake(): void {
    for (const waiter of this.#waiters) {
      if (waiter.holds()) waiter.resolve();
      else if (this.violations.length > 0) waiter.reject(this.#failure("the probe found a fault"));
      else if (this.closed) waiter.reject(this.#failure("the socket was closed"));
    }
  }

  #failure(text: string): Error {
    return new Error(`${text}\n  ${this.describe()}`);
  }
}

function shown(state: Readonly<Record<string, Json>>): string {
  const text = JSON.stringify(state);
  return text.length > 200 ? `${text.slice(0, 200)}... (${text.length} characters)` : text;
}
