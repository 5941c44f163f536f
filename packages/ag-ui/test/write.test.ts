import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { HttpAgent } from "@ag-ui/client";
import { writeAgUi } from "@statestream/ag-ui";
import { createStateStream } from "@statestream/core";
import express from "express";
import { describe, expect, it } from "vitest";
import { framesOf, inputOf, typesOf } from "./support/frames.ts";
import { serve } from "./support/serve.ts";

const json = { "content-type": "application/json" };

const post = (url: string, body: string): Promise<Response> => fetch(url, { method: "POST", headers: json, body });

describe("writeAgUi", () => {
  it("answers an unmodified HttpAgent behind express.json(), given what the parser read", async () => {
    const stream = createStateStream({ initialState: { steps: [] as string[], messages: [] as unknown[] } });
    const app = express();
    app.use(express.json());
    app.post("/agent", (req, res) =>
      writeAgUi(req, res, stream, {
        messages: "messages",
        input: req.body,
        run: async (input) => {
          stream.set("messages", [...input.messages, { id: "a", role: "assistant", content: "Hi" }]);
          stream.set("steps", ["asked", "answered"]);
        },
      }),
    );
    const agent = new HttpAgent({ url: await serve(app) });
    agent.messages = [{ id: "u", role: "user", content: "Hello" }];
    const { newMessages } = await agent.runAgent();
    expect(newMessages).toEqual([{ id: "a", role: "assistant", content: "Hi" }]);
    expect(agent.state).toEqual({ steps: ["asked", "answered"] });
  });

  it("answers 400 where a parser has read the body and nothing was passed on", async () => {
    const stream = createStateStream({ initialState: { n: 1 } });
    const app = express().use(express.json());
    app.post("/agent", (req, res) => writeAgUi(req, res, stream));
    const response = await post(await serve(app), inputOf());
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: "invalid-input" } }]);
  });

  it("reads an oversized body to its end, answers 413, and the connection goes on", async () => {
    const stream = createStateStream({ initialState: { n: 1 } });
    const url = await serve((req, res) => void writeAgUi(req, res, stream));
    const response = await post(url, inputOf({ state: "x".repeat(5_000_000) }));
    expect([response.status, await response.json()]).toMatchObject([413, { error: { code: "too-large" } }]);
  });

  it("keeps headers that were set before, and resolves when the response is over", async () => {
    const stream = createStateStream({ initialState: { n: 1 } });
    const over: Promise<void>[] = [];
    const url = await serve((req, res) => {
      res.setHeader("x-mine", "1");
      over.push(writeAgUi(req, res, stream, { run: async () => stream.set("n", 2), headers: { "x-more": "2" } }));
    });
    const response = await post(url, inputOf());
    expect([response.headers.get("x-mine"), response.headers.get("x-more")]).toEqual(["1", "2"]);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(typesOf(framesOf(await response.text()))).toEqual(["RUN_STARTED", "STATE_SNAPSHOT", "RUN_FINISHED"]);
    await over[0];
  });

  it("never rejects: a client that leaves in its body, in the run, or before the answer", async () => {
    const stream = createStateStream({ initialState: { n: 1 } });
    const signals: AbortSignal[] = [];
    const over: Promise<void>[] = [];
    const url = await serve((req, res) => {
      const run = (_: unknown, signal: AbortSignal): Promise<void> => {
        signals.push(signal);
        return new Promise(() => undefined);
      };
      over.push(writeAgUi(req, res, stream, { run }));
    });
    const { port } = new URL(url);
    // In its body.
    const half = connect(Number(port), "127.0.0.1");
    half.write("POST /agent HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
    await expect.poll(() => over.length).toBe(1);
    half.destroy();
    await over[0];
    // In the run.
    const client = httpRequest(url, { method: "POST" }, (response) => response.once("data", () => client.destroy()));
    client.on("error", () => undefined);
    client.end(inputOf());
    await expect.poll(() => over.length).toBe(2);
    await over[1];
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    expect(stream.stats().connections).toBe(0);
  });

  it("throws at once for what only the programmer can mend", async () => {
    const stream = createStateStream({ initialState: { n: 1 } });
    const codes: unknown[] = [];
    const caught = (call: () => Promise<void>): void => {
      try {
        void call();
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
    };
    const url = await serve((req, res) => {
      caught(() => writeAgUi(req, res, stream, { slices: "n" } as object));
      res.writeHead(200).flushHeaders();
      caught(() => writeAgUi(req, res, stream));
      res.end();
    });
    await (await post(url, inputOf())).text();
    expect(codes).toEqual(["invalid-option", "response-started"]);
  });

  it("closes the connection of a client that reads nothing", async () => {
    const stream = createStateStream({ initialState: { text: "" }, maxStallMs: 200 });
    const over: Promise<void>[] = [];
    const url = await serve((req, res) => void over.push(writeAgUi(req, res, stream)));
    const { port } = new URL(url);
    const socket = connect(Number(port), "127.0.0.1");
    socket.write("GET /agent HTTP/1.1\r\nhost: x\r\n\r\n");
    socket.pause();
    await expect.poll(() => stream.stats().connections).toBe(1);
    const fill = setInterval(() => stream.set("text", `${Math.random()}`.repeat(100_000)), 10);
    await expect.poll(() => stream.stats().closed["stalled"], { timeout: 10_000 }).toBe(1);
    clearInterval(fill);
    await over[0];
    socket.destroy();
  }, 15_000);
});

it("Nothing of Node is named where the runtime is not Node", async () => {
  const { rolldown } = await import("rolldown");
  const sources = new URL("../src/", import.meta.url).pathname;
  const core = new URL("../../core/src/", import.meta.url).pathname;
  const bundle = await rolldown({
    input: `${sources}index.ts`,
    platform: "browser",
    resolve: {
      alias: {
        "#write": `${sources}no-write.ts`,
        "@statestream/core/fetch": `${core}fetch.ts`,
        "@statestream/core/patch": `${core}patch.ts`,
        "@statestream/core": `${core}index.ts`,
      },
    },
  });
  const { output } = await bundle.generate({ format: "es" });
  await bundle.close();
  const code = output.map((chunk) => ("code" in chunk ? chunk.code : "")).join("");
  expect(code).toContain("RUN_STARTED");
  expect(code).not.toMatch(/from ["']node:|import\(["']node:|@ag-ui\/core/);
});
