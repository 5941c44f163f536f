export interface Client {
  readonly frames: number;
  readonly bytes: number;
  leave(): Promise<void>;
}

/** Connects a client, and resolves when the first bytes of the stream have arrived. */
export async function connectClient(url: string): Promise<Client> {
  const leaving = new AbortController();
  const response = await fetch(url, { signal: leaving.signal });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const first = await reader.read();
  if (first.done) throw new Error(`${url} ended its stream before the first byte.`);
  let frames = 0;
  let bytes = 0;
  const ended = (async () => {
    let last = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      bytes += read.value.length;
      for (const byte of read.value) {
        // An empty line ends an event.
        if (byte === 10 && last === 10) frames++;
        last = byte;
      }
    }
  })().catch((error: unknown) => {
    if (!leaving.signal.aborted) throw error;
  });
  return {
    get frames() {
      return frames;
    },
    get bytes() {
      return bytes;
    },
    async leave() {
      leaving.abort();
      await ended;
    },
  };
}
