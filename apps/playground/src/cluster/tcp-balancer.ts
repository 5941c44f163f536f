import { connect, createServer, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { HOST } from "./ports.ts";

/** Hands each connection to the next of these ports, or where that one does not listen, to the one after. */
export function createTcpBalancer(ports: readonly number[]): Server {
  let turn = 0;
  return createServer((client) => {
    turn = (turn + 1) % ports.length;
    pass(client, [...ports.slice(turn), ...ports.slice(0, turn)]);
  });
}

function pass(client: Socket, [port, ...others]: readonly number[]): void {
  if (port === undefined) return void client.destroy();
  const node = connect(port, HOST);
  const next = (): void => pass(client, others);
  node.once("error", next);
  node.once("connect", () => {
    node.off("error", next);
    // Whichever side ends or breaks takes the other with it.
    pipeline(client, node, client, () => {});
  });
}
