import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const src = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The app as a bundler builds it for a runtime without Node, and what it imports at run time. */
async function bundle(): Promise<{ readonly code: string; readonly imports: readonly string[] }> {
  const build = await rolldown({
    input: "app",
    platform: "neutral",
    resolve: {
      mainFields: ["module", "main"],
      alias: {
        "@statestream/core/fetch": src("core/src/fetch.ts"),
        "@statestream/core": src("core/src/index.ts"),
        "@statestream/hono": src("hono/src/index.ts"),
        "#node-response": src("hono/src/no-node-response.ts"),
        hono: src("hono/node_modules/hono/dist/index.js"),
      },
    },
    plugins: [
      {
        name: "app",
        resolveId: (id) => (id === "app" ? id : undefined),
        load: (id) =>
          id === "app"
            ? `import { createStateStream } from "@statestream/core";
               import { streamState } from "@statestream/hono";
               import { Hono } from "hono";
               const stream = createStateStream({ initialState: { n: 1 } });
               export const app = new Hono().get("/events", (c) => streamState(c, stream));`
            : undefined,
      },
    ],
  });
  const { output } = await build.generate({ format: "iife", name: "bundled" });
  await build.close();
  return { code: output[0].code, imports: [...output[0].imports, ...output[0].dynamicImports] };
}

test("outside Node, the adapter's imports lead to no code of Node's", () => {
  const { imports } = JSON.parse(readFileSync(src("hono/package.json"), "utf8")) as {
    imports: Record<string, unknown>;
  };
  expect(imports).toEqual({
    "#node-response": { node: "./dist/node-response.js", default: "./dist/no-node-response.js" },
  });
});

test("an app starts and streams where there are web APIs and nothing of Node", async () => {
  const { code, imports } = await bundle();
  expect(imports).toEqual([]);
  const globals = { Request, Response, Headers, URL, URLSearchParams, ReadableStream, TextEncoder, TextDecoder, crypto, performance, AbortController, AbortSignal, setTimeout, clearTimeout, queueMicrotask, console }; // prettier-ignore
  const { app } = runInContext(`${code}; bundled`, createContext(globals)) as {
    app: { fetch(request: Request): Promise<Response> };
  };
  const response = await app.fetch(new Request("http://localhost/events"));
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += new TextDecoder().decode(bytes);
    if (text.includes("\n\n")) break;
  }
  expect(text).toContain('"slices":{"n":1}');
});
