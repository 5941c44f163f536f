import { type Client, openClient } from "../clients/client.ts";
import { Follower } from "../clients/follower.ts";
import { until } from "../measure/clock.ts";
import type { Framework } from "../servers/contender.ts";
import { startServer } from "../servers/process.ts";

export interface StormOptions {
  readonly module: string;
  readonly framework: Framework;
  readonly kilobytes: number;
  readonly clients: number;
  /** 0 for a response that never changes, of which the whole body is what counts. */
  readonly changesPerSecond: number;
}

export interface Storm {
  /** How many snapshots were made. */
  readonly made: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  /** Clients that the server closed, and that came again. */
  readonly closed: number;
  /** What is wrong in the end. */
  readonly wrong: string | undefined;
}

const PATIENCE_MS = 120_000;

/** A client that comes again when it is closed. */
class Visitor {
  follower: Follower = new Follower();
  closed = 0;
  readonly #port: number;
  readonly #bytes: number;
  #client!: Client;
  #left = false;

  /** Is served by this many bytes of a body. */
  constructor(port: number, bytes: number) {
    this.#port = port;
    this.#bytes = bytes;
    this.#open();
  }

  #open(): void {
    this.follower = new Follower();
    this.#client = openClient(
      this.#port,
      (body) => this.follower.take(body),
      () => {
        if (!this.#client.closed || this.#left || this.served) return;
        this.closed++;
        this.#open();
      },
    );
  }

  get served(): boolean {
    return this.#client.response.bodyBytes >= this.#bytes;
  }

  leave(): void {
    this.#left = true;
    this.#client.socket.destroy();
  }
}

export async function storm(options: StormOptions): Promise<Storm> {
  const { module, framework, kilobytes, clients, changesPerSecond } = options;
  const encoded = kilobytes * 500;
  const server = await startServer(module, kilobytes, { framework, countEncodes: encoded });
  try {
    const first = await sizeOf(server.port);
    if (changesPerSecond > 0) await server.ask({ do: "pace", perSecond: changesPerSecond });
    const before = await server.ask({ do: "report", collect: true });
    const start = performance.now();
    const visitors = Array.from({ length: clients }, () => new Visitor(server.port, first));
    const served = await until(() => visitors.every((visitor) => visitor.served), PATIENCE_MS);
    const seconds = (performance.now() - start) / 1000;
    const { seq, cpu, peakRss, details } = await server.ask({ do: "stop" });
    const isRight = ({ follower }: Visitor): boolean =>
      changesPerSecond === 0 || (follower.seq === seq && follower.gaps === 0);
    await until(() => visitors.every(isRight), 10_000);
    const behind = visitors.filter((visitor) => !isRight(visitor)).length;
    for (const visitor of visitors) visitor.leave();
    return {
      made: (details["largeEncodes"] ?? 0) - (before.details["largeEncodes"] ?? 0),
      seconds,
      cpuSeconds: (cpu - before.cpu) / 1e6,
      peakMegabytes: peakRss / 2 ** 20,
      closed: visitors.reduce((sum, { closed }) => sum + closed, 0),
      wrong: problem(served, behind),
    };
  } finally {
    await server.stop();
  }
}

function problem(served: boolean, behind: number): string | undefined {
  if (!served) return "not everybody in time";
  return behind === 0 ? undefined : `${behind} clients not on the last state`;
}

/** How many bytes a snapshot is, from one client before the storm; the numbers in it may grow by a few digits, not shrink. */
async function sizeOf(port: number): Promise<number> {
  let quiet = performance.now();
  const client = openClient(
    port,
    () => {},
    () => (quiet = performance.now()),
  );
  await until(() => client.response.bodyBytes > 0 && performance.now() - quiet > 100, 10_000);
  client.socket.destroy();
  return client.response.bodyBytes;
}
