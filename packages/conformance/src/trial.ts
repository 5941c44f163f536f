import { HttpSocket } from "./http.ts";
import { Probe, type ProbeSettings } from "./probe.ts";
import type { ProbeRequest } from "./probe-request.ts";
import type { Server, Setup, Subject } from "./subject.ts";

/** The interval at which a server is polled. */
const STEP_MS = 5;

/** Everything that one run of a case opens. It is closed at the end, and then no probe may have found a violation. */
export class Trial {
  readonly #subject: Subject;
  readonly #settings: ProbeSettings;
  readonly #servers: Server[] = [];
  readonly #probes: Probe[] = [];

  constructor(subject: Subject, settings: ProbeSettings) {
    this.#subject = subject;
    this.#settings = settings;
  }

  async open(setup: Setup): Promise<Server> {
    const server = await this.#subject.open(setup);
    this.#servers.push(server);
    return {
      url: server.url,
      process: server.process,
      commit: (...commits) => this.#within(server.commit(...commits), "a commit"),
      offer: (offer) => this.#within(server.offer(offer), "an offer"),
      close: (ending) => this.#within(server.close(ending), "the stream to close"),
      revoke: () => this.#within(server.revoke(), "a revocation"),
      connections: () => this.#within(server.connections(), "the number of connections"),
      dispose: () => server.dispose(),
    };
  }

  /** Sends a request, whatever the answer will be. */
  send(server: Server, request: ProbeRequest = {}): Probe {
    return this.#keep(new Probe(server.url, request, this.#settings));
  }

  /** Sends a request, and waits until it is answered. */
  request(server: Server, request?: ProbeRequest): Promise<Probe> {
    return this.send(server, request).answered();
  }

  /** The next request on a socket whose response is over. */
  again(probe: Probe, request: ProbeRequest = {}): Promise<Probe> {
    return this.#keep(probe.again(request)).answered();
  }

  /** Sends a request that must be answered with a stream. */
  async connect(server: Server, request?: ProbeRequest): Promise<Probe> {
    const probe = await this.request(server, request);
    if (!probe.streams) throw new Error(`the answer is not a stream: ${probe.describe()}`);
    return probe;
  }

  /** Connects, and waits for the first event. */
  async follow(server: Server, request?: ProbeRequest): Promise<Probe> {
    const probe = await this.connect(server, request);
    await probe.event(0);
    return probe;
  }

  /** All clients of the server leave, and it has noticed. */
  async leave(server: Server, ...probes: Probe[]): Promise<void> {
    for (const probe of probes) probe.cut();
    await this.connections(server, 0);
  }

  /** A client leaves and reconnects with its copy and position. */
  async resume(server: Server, after: Probe, request: ProbeRequest = {}): Promise<Probe> {
    after.cut();
    return this.follow(server, { after, lastEventId: after.lastEventId, ...request });
  }

  /** A socket to the server that sends nothing. */
  socket(server: Server): HttpSocket {
    return new HttpSocket(new URL(server.url));
  }

  /** Polls until the server is in the expected state. */
  async until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
    // Counted in steps: a busy test process must not look like a slow server.
    for (let waitedMs = 0; !(await holds()); waitedMs += STEP_MS) {
      if (waitedMs > this.#settings.patienceMs) throw new Error(`waited in vain until ${what}`);
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }

  /** So many connections are open. */
  async connections(server: Server, count: number): Promise<void> {
    await this.until(async () => (await server.connections()) === count, `${count} connections are open`);
  }

  /** What the probes found. */
  check(): void {
    const found = this.#probes.filter(({ violations }) => violations.length > 0).map((probe) => probe.describe());
    if (found.length > 0)
      throw new Error(`a client received what it must not receive:
  ${found.join("\n  ")}`);
  }

  async dispose(): Promise<void> {
    for (const probe of this.#probes) probe.cut();
    await Promise.all(this.#servers.map((server) => server.dispose()));
  }

  /** A server that does not answer must not keep a case waiting for ever. */
  async #within<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), 10 * this.#settings.patienceMs);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #keep(probe: Probe): Probe {
    this.#probes.push(probe);
    return probe;
  }
}
