import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A program between server and client, as Debian installs it. */
export interface Box {
  readonly program: string;
  /** The argument that makes it print its version. */
  readonly version: string;
  /** The files of its folder, by name, for a port to listen on and that of the server. */
  files(port: number, upstream: number, folder: string): Readonly<Record<string, string>>;
  args(port: number, folder: string): readonly string[];
}

export function isInstalled({ program, version }: Box): boolean {
  return spawnSync(program, [version]).error === undefined;
}

/** Starts it for one test, and gives the port it listens on. */
export async function startBox(box: Box, upstream: number): Promise<number> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "statestream-box-"));
  for (const [name, text] of Object.entries(box.files(port, upstream, folder))) writeFileSync(join(folder, name), text);
  const child = spawn(box.program, box.args(port, folder), { env: { ...process.env, HOME: folder } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  for (let tries = 0; !(await listens(port)); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error(`${box.program} did not start: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
