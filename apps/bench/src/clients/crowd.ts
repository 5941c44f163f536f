import { machineNow, until } from "../measure/clock.ts";
import { type Client, openClient } from "./client.ts";
import { Follower } from "./follower.ts";

/** How many clients connect at a time: fewer than a server's backlog. */
const CONNECTING = 200;

/** How long a crowd may take to connect or to catch up, in milliseconds. */
const PATIENCE_MS = 60_000;

/** When each update reached each client, on the machine's clock. */
export interface Arrivals {
  readonly seqs: number[];
  readonly times: number[];
}

/** Many clients of one server. */
export class Crowd {
  readonly followers: Follower[] = [];
  readonly #clients: Client[] = [];
  readonly #port: number;
  readonly #startSeq: number | undefined;
  #arrivals: Arrivals | undefined;

  /** `startSeq` for a server that sends no snapshot. */
  constructor(port: number, startSeq?: number) {
    this.#port = port;
    this.#startSeq = startSeq;
  }

  /** Resolves when all have their snapshot. */
  async join(connections: number): Promise<void> {
    while (this.#clients.length < connections) {
      for (let more = Math.min(CONNECTING, connections - this.#clients.length); more > 0; more--) this.#open();
      const all = (): boolean => this.#clients.every((client, index) => this.#isReady(client, index));
      if (!(await until(all, PATIENCE_MS)))
        throw new Error(`Clients of port ${this.#port} wait in vain for a snapshot.`);
    }
  }

  #open(): void {
    const follower = new Follower((seq) => this.#received(seq), this.#startSeq);
    this.followers.push(follower);
    this.#clients.push(openClient(this.#port, (body) => follower.take(body)));
  }

  #isReady({ response }: Client, index: number): boolean {
    return response.status === 200 && (this.followers[index] as Follower).seq >= 0;
  }

  #received(seq: number): void {
    this.#arrivals?.seqs.push(seq);
    this.#arrivals?.times.push(machineNow());
  }

  /** From here on, when what arrives. */
  record(): Arrivals {
    return (this.#arrivals = { seqs: [], times: [] });
  }

  /** Waits until everybody is there, and says what is wrong with those who are not. */
  async reach(seq: number, ms: number = PATIENCE_MS): Promise<string | undefined> {
    const isThere = (follower: Follower): boolean => follower.seq === seq;
    const isOver = (): boolean =>
      this.followers.every(isThere) || this.followers.some(({ gaps }) => gaps > 0) || this.closed > 0;
    await until(isOver, ms);
    const gaps = this.followers.filter((follower) => follower.gaps > 0).length;
    if (gaps > 0) return `${gaps} clients missed updates`;
    const behind = this.followers.filter((follower) => !isThere(follower)).length;
    return behind > 0 ? `${behind} clients not on the last state` : undefined;
  }

  get updates(): number {
    return this.followers.reduce((sum, { updates }) => sum + updates, 0);
  }

  get snapshots(): number {
    return this.followers.reduce((sum, { snapshots }) => sum + snapshots, 0);
  }

  get closed(): number {
    return this.#clients.filter(({ closed }) => closed).length;
  }

  pause(): void {
    for (const { socket } of this.#clients) socket.pause();
  }

  leave(): void {
    for (const { socket } of this.#clients) socket.destroy();
  }
}
