import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { createStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";

// The built program, as users run it.
const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const HAS_TMUX = succeeds("tmux", ["-V"]);
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean();
});

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function until(holds: () => boolean, seen: () => string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`It did not happen within 10 s. Seen until then:\n${seen()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Todo {
  id: number;
  text: string;
}

async function served() {
  const stream = createStateStream({
    initialState: { count: 0, todos: [{ id: 1, text: "first" }] as Todo[] },
    retryMs: 50,
  });
  const headers: (string | undefined)[] = [];
  const server: Server = createServer((req, res) => {
    headers.push(req.headers.authorization);
    if (req.url?.startsWith("/events") === true) writeStateStream(req, res, stream);
    else res.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { stream, server, headers, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events` };
}

function run(...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { out: "", err: "" };
  child.stdout?.on("data", (chunk) => (output.out += String(chunk)));
  child.stderr?.on("data", (chunk) => (output.err += String(chunk)));
  cleanups.push(() => child.kill("SIGKILL"));
  const shows = (text: string): Promise<void> =>
    until(
      () => output.out.includes(text) || output.err.includes(text),
      () => JSON.stringify(output),
    );
  return { child, output, shows, exit: once(child, "close").then(([code]) => code as number) };
}

test("the state is printed, then each new value, without colours where the output is a pipe", async () => {
  const { stream, url } = await served();
  const { output, shows, child, exit } = run(url);
  await shows("# live");
  expect(output.out).toBe('count 0\ntodos [{"id":1,"text":"first"}]\n');
  stream.set("todos", (todos) => [...todos, { id: 2, text: "second" }], { type: "todo/added", id: 2 });
  await shows("second");
  expect(output.out).toMatch(
    /^[\d:.]{12} todos \[\{"id":1,"text":"first"\},\{"id":2,"text":"second"\}\] {2}↳ todo\/added 2$/m,
  );
  expect(output.out + output.err).not.toContain("\x1b");
  child.kill("SIGINT");
  expect(await exit).toBe(130);
});

test("with --patches, operations are printed as they arrive", async () => {
  const { stream, url } = await served();
  const { output, shows } = run(url, "--patches");
  await shows("# live");
  stream.set("todos", ([first]) => [{ id: 2, text: "second" }, first as Todo]);
  await shows("add /0");
  expect(output.out).toMatch(/^[\d:.]{12} todos add \/0 \{"id":2,"text":"second"\}$/m);
});

test("with --json, each line is one event with its id, and nothing else is on standard output", async () => {
  const { stream, url } = await served();
  const { output, shows, child, exit } = run(url, "--json", "--slices", "count");
  await shows("# live");
  stream.set("todos", []);
  stream.set("count", 1);
  await shows('"value":1');
  child.kill("SIGTERM");
  expect(await exit).toBe(143);
  const events = output.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events).toMatchObject([
    { type: "state.initial", slices: { count: 0 }, id: expect.any(String) },
    { type: "state.update", slice: "count", value: 1, id: expect.any(String) },
  ]);
});

test("headers are sent", async () => {
  const { url, headers } = await served();
  await run(url, "--headers", "authorization: Bearer secret").shows("# live");
  expect(headers).toEqual(["Bearer secret"]);
});

test("after a lost connection it resumes where it was", async () => {
  const { stream, server, url } = await served();
  const { output, shows } = run(url);
  await shows("# live");
  server.closeAllConnections();
  await shows("# stale");
  stream.set("count", 1);
  await shows("resumed where it was");
  await shows("count 1");
  expect(output.err.match(/# snapshot/g)).toHaveLength(1);
});

test("a stream that is closed for good ends it with 0", async () => {
  const { stream, url } = await served();
  const { shows, exit } = run(url);
  await shows("# live");
  await stream.close({ retry: false });
  expect(await exit).toBe(0);
});

test("a server that refuses ends it with 1 and says why", async () => {
  const { url } = await served();
  const { output, exit } = run(url.replace("/events", "/nothing"));
  expect(await exit).toBe(1);
  expect(output.err).toContain("# refused:");
});

test("wrong arguments end it with 2, and the usage goes to standard error", async () => {
  const { output, exit } = run("--nonsense");
  expect(await exit).toBe(2);
  expect(output.out).toBe("");
  expect(output.err).toContain("Usage:");
});

test("a closed pipe, as after `| head`, ends it with 0", async () => {
  const { stream, url } = await served();
  const { child, shows, exit } = run(url);
  await shows("# live");
  child.stdout?.destroy();
  const changing = setInterval(() => stream.set("count", (count) => count + 1), 20);
  cleanups.push(() => clearInterval(changing));
  expect(await exit).toBe(0);
});

test.skipIf(!HAS_TMUX)("on a terminal there are colours, and lines fit its width (needs tmux)", async () => {
  const { stream, url } = await served();
  const socket = `statestream-tail-${process.pid}`;
  const tmux = (...args: string[]): string =>
    execFileSync("tmux", ["-L", socket, "-f", "/dev/null", ...args]).toString();
  const quoted = [process.execPath, MAIN, url].map((word) => `'${word}'`).join(" ");
  tmux("new-session", "-d", "-x", "60", "-y", "20", quoted);
  cleanups.push(() => tmux("kill-server"));
  const screen = (): string => tmux("capture-pane", "-p", "-e", "-t", "0");
  await until(() => screen().includes("# live"), screen);
  stream.set("todos", [{ id: 7, text: "x".repeat(200) }]);
  await until(() => screen().includes("xxx"), screen);
  expect(screen()).toContain("\x1b[36mtodos");
  const lines = tmux("capture-pane", "-p", "-t", "0").split("\n");
  const changed = lines.filter((line) => line.includes("xxx"));
  expect(changed).toHaveLength(1);
  expect(changed[0]).toMatch(/x…$/);
  expect(changed[0]?.length).toBeLessThanOrEqual(60);
});
