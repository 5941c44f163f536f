import { startWorker } from "./workerd.ts";

/**
 * Whether a client of a plain Worker, whose stream belongs to its module, survives another that leaves. A Worker's timers
 * belong to the request that started them, and the stream's heartbeats with them, so that it does not: workerd ends the
 * second response as one that hangs. If this becomes true, the README need no longer say that a Durable Object is needed.
 */
export async function plainWorkerSurvives(): Promise<boolean> {
  const worker = await startWorker("plain-worker");
  try {
    const first = new AbortController();
    const leaving = await fetch(worker.url, { signal: first.signal });
    await leaving.body?.getReader().read();
    const staying = (await fetch(worker.url)).body?.getReader();
    first.abort();
    // The next heartbeats, of which there are four a second.
    for (let count = 0; count < 10; count++) {
      if ((await staying?.read())?.done !== false) return false;
    }
    return true;
  } catch {
    return false;
  } finally {
    await worker.stop();
  }
}
