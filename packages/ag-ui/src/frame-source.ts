import type { ByteSource } from "@statestream/core/fetch";

const encoder = new TextEncoder();

/** Frames as a source of bytes for the writers of core. The next frames are made when the last ones have been taken. */
export class FrameSource implements ByteSource {
  readonly #frames: AsyncGenerator<string>;
  /** Stops what the frames are made from. */
  readonly #stop: () => void;
  #ready: Uint8Array | undefined;
  #waiting = false;
  #over = false;
  #listener: () => void = () => undefined;

  constructor(frames: AsyncGenerator<string>, stop: () => void) {
    this.#frames = frames;
    this.#stop = stop;
  }

  get closed(): boolean {
    return this.#over && this.#ready === undefined;
  }

  read(): Uint8Array | undefined {
    const bytes = this.#ready;
    this.#ready = undefined;
    if (bytes === undefined && !this.#waiting && !this.#over) void this.#pull();
    return bytes;
  }

  onReadable(fn: () => void): () => void {
    this.#listener = fn;
    return () => {
      this.#listener = () => undefined;
    };
  }

  close(): void {
    if (this.closed) return;
    this.#over = true;
    this.#ready = undefined;
    this.#stop();
    // Ends a generator that waits at a `yield`; one that waits for an event ends since its connection was closed.
    void this.#frames.return(undefined).catch(() => undefined);
    this.#listener();
  }

  async #pull(): Promise<void> {
    this.#waiting = true;
    const result = await this.#frames.next().catch(() => undefined);
    this.#waiting = false;
    if (this.#over) return;
    // A fault: the response is cut short, which clients know how to handle.
    if (result === undefined) return this.close();
    if (result.done === true) this.#over = true;
    else this.#ready = encoder.encode(result.value);
    this.#listener();
  }
}
