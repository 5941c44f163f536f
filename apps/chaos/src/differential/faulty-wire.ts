import { once } from "node:events";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random.ts";

/** What happens to a connection after so many bytes of the server's: they come in pieces, stop for a time, or end. */
interface Fault {
  readonly afterBytes: number;
  readonly kind: "pause" | "stall" | "end" | "reset";
  readonly stallMs: number;
}

/**
 * A TCP proxy whose faults follow from the seed: they are at byte offsets of each connection, not at times, so that a cut
 * falls into the same event again when a round is replayed.
 */
export class FaultyWire {
  readonly #server: Server;
  readonly #random: Random;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #calm = new AbortController();
  #connections = 0;

  private constructor(target: number, random: Random) {
    this.#target = target;
    this.#random = random;
    this.#server = createServer({ noDelay: true }, (near) => this.#accept(near));
  }

  static async open(target: number, random: Random): Promise<FaultyWire> {
    const wire = new FaultyWire(target, random);
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    return wire;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on it only passes bytes on. */
  calm(): void {
    this.#calm.abort();
  }

  close(): void {
    this.calm();
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(near: Socket): void {
    const far = connect({ port: this.#target, host: "127.0.0.1", noDelay: true });
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      // A reset is what this proxy is for; "close" follows.
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    const faults = faultsOf(this.#random.fork(`connection ${this.#connections++}`));
    this.#pass(far, near, faults).catch(() => near.destroy());
  }

  async #pass(far: Socket, near: Socket, faults: Generator<Fault>): Promise<void> {
    let fault = this.#next(faults);
    let left = fault.afterBytes;
    for await (const chunk of far as AsyncIterable<Buffer>) {
      for (let rest = chunk; rest.length > 0;) {
        const piece = rest.subarray(0, left);
        rest = rest.subarray(piece.length);
        left -= piece.length;
        if (!near.write(piece)) await once(near, "drain");
        if (left > 0) continue;
        if (fault.kind === "stall" && !this.#calm.signal.aborted)
          await delay(fault.stallMs, undefined, { signal: this.#calm.signal }).catch(() => undefined);
        else await turn();
        if (fault.kind === "end" && !this.#calm.signal.aborted) near.destroySoon();
        if (fault.kind === "reset" && !this.#calm.signal.aborted) near.resetAndDestroy();
        fault = this.#next(faults);
        left = fault.afterBytes;
      }
    }
    near.end();
  }

  #next(faults: Generator<Fault>): Fault {
    const calm: Fault = { afterBytes: Infinity, kind: "pause", stallMs: 0 };
    return this.#calm.signal.aborted ? calm : ((faults.next().value as Fault | undefined) ?? calm);
  }
}

/** The faults of one connection, in their order. */
function* faultsOf(random: Random): Generator<Fault> {
  const most = random.pick([300, 3000, 30_000, 300_000]);
  const drips = random.below(4) === 0;
  for (;;) {
    const what = random.below(10);
    yield {
      afterBytes: drips && what < 8 ? random.between(1, 60) : random.between(1, most),
      kind: what < 6 ? "pause" : what < 8 ? "stall" : what === 8 ? "end" : "reset",
      stallMs: random.pick([5, 50, 200, 700]),
    };
  }
}
