import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import jsonpatch from "fast-json-patch";
import { expect, onTestFinished, test } from "vitest";
import { createStateStream, type Json, type StateEvent, type WritableStateStream } from "../../src/index.ts";
import { writeStateStream } from "../../src/node.ts";

// Clients that are not ours and ask for nothing: what they get while texts grow is RFC 6902 alone.

type Chat = { messages: { id: number; text: string }[]; title: string; status?: string };

const HAS_CURL = spawnSync("curl", ["--version"]).status === 0;
// The system's one has what the package manager installs, even where another comes first.
const PYTHON = ["python3", "/usr/bin/python3"].find((name) => spawnSync(name, ["-c", "import jsonpatch"]).status === 0);
const CLIENT = fileURLToPath(new URL("./strict_client.py", import.meta.url));

async function serve(): Promise<{ url: string; stream: WritableStateStream<Chat> }> {
  const stream = createStateStream<Chat>({ initialState: { messages: [{ id: 0, text: "" }], title: "" } });
  const server = createServer((req, res) => void writeStateStream(req, res, stream));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, stream };
}

const PIECES = ["Hel", "lo ", "\ud83d", "\ude00", "e\u0301", "\u{1f44d}\u{1f3fd}", "\n", '"quoted" ', "naïve "];

/** Two texts grow at once, one of them in rows that come and move; then the stream ends. */
async function growAndEnd(stream: WritableStateStream<Chat>): Promise<Chat> {
  for (let step = 0; step < 400; step++) {
    const piece = PIECES[step % PIECES.length] as string;
    stream.append("messages", `/${step % stream.state.messages.length}/text`, piece, { type: "token" });
    if (step % 3 === 0) stream.append("title", "", piece);
    if (step % 40 === 7) stream.patch("messages", [{ op: "add", path: "/0", value: { id: step, text: "" } }]);
    if (step % 90 === 50) stream.set("messages", (rows) => rows.toReversed());
    if (step % 50 === 9) stream.set("status", `step ${step}`);
    if (step % 130 === 100) stream.set("title", "again");
    if (step % 100 === 60) stream.remove("status");
    // Several pieces to a flush, and one.
    if (step % 5 === 0) await setImmediate();
  }
  const state = JSON.parse(JSON.stringify(stream.state)) as Chat;
  await stream.close();
  return state;
}

/** The events of a response, as the specification of event streams has them. */
function eventsOf(body: string): StateEvent[] {
  return body
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => JSON.parse(line.slice("data: ".length)) as StateEvent);
}

function applyStrictly(events: readonly StateEvent[]): Record<string, Json> {
  let state: Record<string, Json> = {};
  for (const event of events) {
    if (event.type === "state.initial") state = event.slices;
    if (event.type !== "state.update") continue;
    const { slice, patches, value, removed } = event;
    if (removed === true) delete state[slice];
    else if (patches === undefined) state[slice] = value as Json;
    else state[slice] = jsonpatch.applyPatch(state[slice], patches as jsonpatch.Operation[], true, false).newDocument as Json; // prettier-ignore
  }
  return state;
}

async function follow(command: string, args: string[], stream: WritableStateStream<Chat>): Promise<[string, Chat]> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill());
  const output = text(child.stdout);
  await expect.poll(() => stream.stats().connections, { timeout: 10_000 }).toBe(1);
  const state = await growAndEnd(stream);
  return [await output, state];
}

test.skipIf(!HAS_CURL)(
  `curl and fast-json-patch end on the server's state while texts grow${HAS_CURL ? "" : " (skipped: no curl)"}`,
  async () => {
    const { url, stream } = await serve();
    const [output, state] = await follow("curl", ["--silent", "--no-buffer", url], stream);
    expect(output).not.toContain('"op":"append"');
    const events = eventsOf(output);
    expect(events.length).toBeGreaterThan(50);
    expect(applyStrictly(events)).toStrictEqual(state);
  },
  30_000,
);

test.skipIf(PYTHON === undefined)(
  `Python and jsonpatch end on the server's state while texts grow${PYTHON ? "" : " (skipped: no python3-jsonpatch)"}`,
  async () => {
    const { url, stream } = await serve();
    const [output, state] = await follow(PYTHON as string, [CLIENT, url], stream);
    expect(JSON.parse(output)).toStrictEqual(state);
  },
  30_000,
);
