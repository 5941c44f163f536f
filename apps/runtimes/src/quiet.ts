import { remoteSubject } from "@statestream/conformance";

/** Longer than Bun leaves a response open that is quiet, and shorter than the time between heartbeats. */
const QUIET_MS = 13_500;

/** Whether a stream on which nothing happens stays open. */
export async function staysOpen(controlUrl: string): Promise<boolean> {
  const server = await remoteSubject(controlUrl).open({ state: { a: 0 } });
  const client = new AbortController();
  const response = await fetch(server.url, { signal: client.signal });
  const ended = drain(response).then(
    () => true,
    () => true,
  );
  const open = await Promise.race([ended.then(() => false), passed(QUIET_MS).then(() => true)]);
  client.abort();
  await ended;
  await server.dispose();
  return open;
}

async function drain({ body }: Response): Promise<void> {
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  while (!(await reader.read()).done);
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
