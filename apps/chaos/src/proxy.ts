import { once } from "node:events";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * What a link does to its traffic. `through`: passes it on. `cut`: refuses new connections and resets those there are.
 * `black-hole`: accepts, forwards nothing in either direction; what waits passes on when the link is through again.
 * `half-open`: the server's side of each connection is gone and the client's side never hears of it, not later either.
 */
export type LinkMode = "through" | "cut" | "black-hole" | "half-open";

interface Pair {
  readonly near: Socket;
  /** Towards the server; gone in a half-open connection. */
  far: Socket | undefined;
}

/** A TCP proxy on one link: a connection to `port` is forwarded to the target. */
export class Link {
  #target: number;
  #mode: LinkMode = "through";
  #delayMs = 0;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (near) => this.#accept(near));
  }

  static async open(target: number): Promise<Link> {
    const link = new Link(target);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Milliseconds that everything takes longer, in each direction. */
  set delayMs(delayMs: number) {
    this.#delayMs = delayMs;
  }

  set mode(mode: LinkMode) {
    this.#mode = mode;
    for (const pair of this.#pairs) {
      if (mode === "cut") this.#drop(pair);
      if (mode === "half-open") this.#halve(pair);
      if (mode === "black-hole") for (const socket of [pair.near, pair.far]) socket?.pause();
      if (mode === "through") for (const socket of [pair.near, pair.far]) socket?.resume();
    }
  }

  /** Connects to another port from now on; the connections there are belong to the old one, and are dropped. */
  retarget(port: number): void {
    this.#target = port;
    for (const pair of this.#pairs) this.#drop(pair);
  }

  close(): void {
    this.#server.close();
    for (const pair of this.#pairs) this.#drop(pair);
  }

  #accept(near: Socket): void {
    if (this.#mode === "cut") {
      near.on("error", () => {});
      near.resetAndDestroy();
      return;
    }
    const pair: Pair = { near, far: connect({ port: this.#target, host: "127.0.0.1", noDelay: true }) };
    this.#pairs.add(pair);
    const far = pair.far as Socket;
    this.#pass(pair, near, () => pair.far);
    this.#pass(pair, far, () => near);
    if (this.#mode === "black-hole") for (const socket of [near, far]) socket.pause();
    if (this.#mode === "half-open") this.#halve(pair);
  }

  #pass(pair: Pair, from: Socket, to: () => Socket | undefined): void {
    // What one side sends waits in its socket while the other side is slow.
    const forward = (chunk: Buffer): void => {
      const target = to();
      if (target === undefined || target.destroyed || target.write(chunk)) return;
      from.pause();
      target.once("drain", () => this.#mode === "black-hole" || from.resume());
    };
    from.on("data", (chunk) => {
      if (this.#delayMs === 0) forward(chunk);
      else setTimeout(forward, this.#delayMs, chunk);
    });
    // A reset is what this proxy is for; "close" follows.
    from.on("error", () => {});
    from.on("close", () => {
      if (pair.far === from || pair.near === from) this.#drop(pair);
    });
  }

  #halve(pair: Pair): void {
    const { far } = pair;
    pair.far = undefined;
    far?.destroy();
    // It reads on, so that the client sees its bytes taken, and no more.
    pair.near.resume();
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.near.resetAndDestroy();
    pair.far?.resetAndDestroy();
  }
}
