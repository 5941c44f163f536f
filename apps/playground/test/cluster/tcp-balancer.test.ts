import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "@statestream/redis-server";
import { HOST } from "../../src/cluster/ports.ts";
import { createTcpBalancer } from "../../src/cluster/tcp-balancer.ts";

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, HOST);
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A node that sends its name, then echoes everything that it receives. */
async function startNode(name: string): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    sockets.push(socket);
    socket.write(name);
    socket.pipe(socket);
  });
  return { port: await listening(server), sockets };
}

function visit(port: number): Socket {
  const socket = connect(port, HOST).setEncoding("utf8");
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function heard(socket: Socket): Promise<string> {
  const [text] = (await once(socket, "data")) as [string];
  return text;
}

test("hands connections to each node in turn, and passes on what both sides say", async () => {
  const nodes = [await startNode("a"), await startNode("b")];
  const balancer = await listening(createTcpBalancer(nodes.map(({ port }) => port)));
  const names = [];
  for (let count = 0; count < 4; count++) {
    const socket = visit(balancer);
    names.push(await heard(socket));
    socket.write("hello");
    expect(await heard(socket)).toBe("hello");
  }
  expect(names.sort()).toEqual(["a", "a", "b", "b"]);
});

test("goes on to the next node where one does not listen", async () => {
  const { port } = await startNode("a");
  const balancer = await listening(createTcpBalancer([await freePort(), port, await freePort()]));
  for (let count = 0; count < 3; count++) expect(await heard(visit(balancer))).toBe("a");
});

test("ends the connection with its node, and leaves the node with its client", async () => {
  const { port, sockets } = await startNode("a");
  const balancer = await listening(createTcpBalancer([port]));
  const [first, second] = [visit(balancer), visit(balancer)];
  await Promise.all([heard(first), heard(second)]);
  const ends = [first, second].map((socket) => once(socket, "close"));
  sockets[0]?.resetAndDestroy();
  await Promise.race(ends);

  const left = first.destroyed ? second : first;
  const closed = once(sockets[1] as Socket, "close");
  left.resetAndDestroy();
  await closed;
});

test("lets nobody wait where no node listens", async () => {
  const balancer = await listening(createTcpBalancer([await freePort(), await freePort()]));
  await once(visit(balancer), "close");
});
