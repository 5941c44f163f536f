import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import type { StateEvent } from "@statestream/core";
import { afterEach, describe, expect, test } from "vitest";
import { FRAMEWORKS } from "../src/frameworks.ts";
import { readPages } from "../src/pages.ts";
import { type RunningServer, startServer } from "../src/server.ts";
import { quietPlayground } from "./support/playground.ts";

const LOCAL = { port: 0, host: "127.0.0.1" };

let running: RunningServer | undefined;
/** Where its stream is. */
let eventId: () => string;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

/** The events of a response as they come. */
async function* events(response: Response): AsyncGenerator<StateEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    const frames = (text + decoder.decode(chunk, { stream: true })).split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) yield JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? "");
  }
}

async function until(stream: AsyncGenerator<StateEvent>, accept: (event: StateEvent) => boolean): Promise<StateEvent> {
  for (;;) {
    const { value, done } = await stream.next();
    if (done === true) throw new Error("The stream ended first.");
    if (accept(value)) return value;
  }
}

describe.each(FRAMEWORKS)("%s", (framework) => {
  async function start(): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
    const playground = quietPlayground(undefined, { pages: readPages() });
    eventId = () => playground.stream.eventId;
    running = await startServer(playground, { ...LOCAL, framework });
    const { url } = running;
    return (path, init) => fetch(`${url}${path}`, init);
  }

  test("serves the page and its files", async () => {
    const ask = await start();
    const page = await ask("/");
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? "");
    expect(files.some((path) => path.endsWith(".js"))).toBe(true);
    for (const path of files) expect([path, (await ask(path)).status]).toEqual([path, 200]);

    const head = await ask("/", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await ask("/../package.json")).status).toBe(404);
    expect((await ask("/", { method: "POST", body: "x" })).headers.get("allow")).toBe("GET, HEAD");
    expect((await ask("/events", { method: "POST", body: "x" })).status).toBe(405);
    expect(await (await ask("/healthz")).json()).toEqual({ ok: true });
  });

  test("streams a snapshot, then what the API changes", async () => {
    const ask = await start();
    const response = await ask("/events?slices=board");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const stream = events(response);
    const { value: first } = await stream.next();
    expect(first).toMatchObject({ type: "state.initial", reason: "connect" });
    expect(Object.keys(first.slices)).toEqual(["board"]);

    const added = await ask("/api/tasks", { method: "POST", body: JSON.stringify({ title: "Ä task" }) });
    expect(added.status).toBe(201);
    const { id } = (await added.json()) as { id: string };
    expect(await until(stream, ({ type }) => type === "state.update")).toMatchObject({
      slice: "board",
      patches: [{ op: "add", value: { id, title: "Ä task" } }],
      cause: { type: "task.added", id },
    });
    expect((await ask(`/api/tasks/${id}`, { method: "DELETE" })).status).toBe(204);
    expect(await until(stream, ({ type }) => type === "state.update")).toMatchObject({
      cause: { type: "task.removed" },
    });
    await stream.return(undefined);
  });

  test("lets any framework serve the stream, from where another left off", async () => {
    const ask = await start();
    expect((await ask("/events", { method: "HEAD" })).headers.get("x-framework")).toBe(framework);
    const stream = events(await ask("/events"));
    expect((await stream.next()).value).toMatchObject({ type: "state.initial" });
    for (const name of FRAMEWORKS) {
      const response = await ask(`/${name}/events?lastEventId=${eventId()}`);
      expect([response.status, response.headers.get("x-framework")]).toEqual([200, name]);
      const resumed = events(response);
      expect((await resumed.next()).value).toMatchObject({ type: "heartbeat" });
      await resumed.return(undefined);
    }
    await stream.return(undefined);
    expect((await ask("/koa/")).status).toBe(404);
    expect((await ask("/fastify/events")).status).toBe(404);
  });

  test("serves the page compressed to clients that accept it", async () => {
    const ask = await start();
    const compressed = await ask("/", { headers: { "accept-encoding": "br, gzip" } });
    expect(compressed.headers.get("content-encoding")).toBe("gzip");
    expect(compressed.headers.get("vary")).toContain("accept-encoding");
    expect(await compressed.text()).toContain("<!doctype html>");
    for (const encoding of ["identity", "br, gzip;q=0"]) {
      const plain = await ask("/", { headers: { "accept-encoding": encoding } });
      expect(plain.headers.get("content-encoding")).toBe(null);
      expect(await plain.text()).toContain("<!doctype html>");
    }
  });

  test("reads a body only up to its limit", async () => {
    const ask = await start();
    const large = JSON.stringify({ title: "x".repeat(1024 * 1024) });
    const refused = await ask("/api/tasks", { method: "POST", body: large });
    expect([refused.status, await refused.json()]).toMatchObject([413, { error: { code: "too-large" } }]);
    expect((await ask("/api/tasks", { method: "POST", body: "{" })).status).toBe(400);
  });

  test("survives a client that leaves in the middle of its body", async () => {
    const ask = await start();
    const socket = connect(Number(new URL(running?.url ?? "").port), LOCAL.host);
    await once(socket, "connect");
    socket.write("POST /api/tasks HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
    expect((await ask("/healthz")).status).toBe(200);
    socket.destroy();
    await once(socket, "close");
    expect((await ask("/healthz")).status).toBe(200);
  });

  test("ends its streams when it closes", async () => {
    const ask = await start();
    const stream = events(await ask("/events"));
    const started = performance.now();
    const closed = running?.close();
    running = undefined;
    expect(await until(stream, ({ type }) => type === "state.end")).toMatchObject({ reason: "draining", retry: true });
    await closed;
    expect(performance.now() - started).toBeLessThan(1000);
    expect((await stream.next()).done).toBe(true);
  });
});

test("says in one line that the port is taken", async () => {
  const other = createServer().listen(LOCAL);
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const starting = startServer(quietPlayground(), { ...LOCAL, port, framework: "hono" });
  await expect(starting).rejects.toThrow(`Port ${port} is taken; give another with --port.`);
  other.close();
});
