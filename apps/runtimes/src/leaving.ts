import { connect } from "node:net";
import { remoteSubject } from "@statestream/conformance";

const CLIENTS = 10_000;
const AT_A_TIME = 100;
/** How long connections may stay open after the last client has left: longer than a heartbeat, at the next of which workerd notices. */
const PATIENCE_MS = 10_000;

/** 10,000 clients connect, wait for the snapshot and leave. Gives how many connections stay open. */
export async function leaveConnections(controlUrl: string): Promise<number> {
  const server = await remoteSubject(controlUrl).open({ state: { a: 0 }, options: { heartbeatMs: 1000 } });
  const url = new URL(server.url);
  let waiting = CLIENTS;
  const worker = async (): Promise<void> => {
    while (waiting-- > 0) await connectAndLeave(url);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  const end = performance.now() + PATIENCE_MS;
  let open = await server.connections();
  while (open > 0 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    open = await server.connections();
  }
  await server.dispose();
  return open;
}

function connectAndLeave({ hostname, port, pathname }: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`A client was given no snapshot, but: ${text}`)));
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      if (!text.includes("event: state.initial")) return;
      resolve();
      socket.destroy();
    });
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
}
