import { connect } from "node:net";

/** A client that downloads a snapshot at a limited speed, and comes back until it has one. */
export interface Download {
  /** Where it connects, with its query. */
  readonly path: string;
  readonly lastEventId?: string;
  /** Bytes per second; 0 reads nothing, and does not come back. */
  readonly speed: number;
}

export interface Downloaded {
  /** Milliseconds from its first connect until it had the snapshot; `undefined` where it never had it. */
  readonly ms: number | undefined;
  /** How often it was cut off before. */
  readonly cuts: number;
}

const STEP_MS = 50;
const RETRY_MS = 1000;

/** Runs one client until it has a snapshot, at `endsAt` at the latest: milliseconds of `performance.now()`. */
export async function download(port: number, client: Download, endsAt: number): Promise<Downloaded> {
  const startedAt = performance.now();
  let cuts = 0;
  for (;;) {
    const left = endsAt - performance.now();
    if (left <= 0) return { ms: undefined, cuts };
    if (await attempt(port, client, left)) return { ms: performance.now() - startedAt, cuts };
    cuts++;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Whether one connection brought a whole snapshot. */
function attempt(port: number, { path, lastEventId, speed }: Download, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const header = lastEventId === undefined ? "" : `last-event-id: ${lastEventId}\r\n`;
    socket.write(`GET ${path} HTTP/1.1\r\nhost: bench\r\n${header}\r\n`);
    let allowed = 0;
    let tail = "";
    let begun = false;
    const step = (): void => {
      allowed = Math.min(allowed + (speed * STEP_MS) / 1000, speed);
      while (allowed >= 1 && socket.readableLength > 0) {
        const bytes = socket.read(Math.min(Math.floor(allowed), socket.readableLength)) as Buffer | null;
        if (bytes === null) break;
        allowed -= bytes.length;
        const text = tail + bytes.toString("latin1");
        begun ||= text.includes("event: state.initial");
        if (begun && text.includes("\nid: ")) return finish(true);
        tail = text.slice(-64);
      }
    };
    const timers = [setInterval(step, STEP_MS), setTimeout(() => finish(false), timeoutMs)];
    const finish = (done: boolean): void => {
      for (const timer of timers) clearTimeout(timer);
      socket.destroy();
      resolve(done);
    };
    socket.on("readable", () => undefined);
    socket.on("end", () => finish(false));
    socket.on("error", () => finish(false));
    socket.on("close", () => finish(false));
  });
}
