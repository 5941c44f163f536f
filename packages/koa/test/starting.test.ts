import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { listen } from "@statestream/conformance";
import { createStateStream, type StateStreamError } from "@statestream/core";
import { streamState } from "@statestream/koa";
import Koa, { type Middleware } from "koa";
import Koa2 from "koa2";
import { afterEach, describe, expect, test, vi } from "vitest";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe.each([
  ["koa 3", () => new Koa()],
  ["koa 2", () => new Koa2() as unknown as Koa],
])("%s", (_, make) => {
  async function answered(
    ...use: Middleware[]
  ): Promise<{ response: Response; errors: Error[]; first: () => Promise<string> }> {
    const errors: Error[] = [];
    const app = make().on("error", (error: Error) => errors.push(error));
    for (const each of use) app.use(each);
    const mounted = await listen(app.callback());
    cleanups.push(() => mounted.close());
    const response = await fetch(mounted.url, { signal: AbortSignal.timeout(3000) });
    return {
      response,
      errors,
      async first() {
        let text = "";
        for await (const bytes of response.body ?? []) {
          text += new TextDecoder().decode(bytes);
          if (text.includes("\n\n")) break;
        }
        return text;
      },
    };
  }

  const stream = createStateStream({ initialState: { n: 0 } });

  test("a header that cannot be sent is answered with 500 and reported to the application", async () => {
    const { response, errors } = await answered((ctx) => streamState(ctx, stream, { headers: { "x-bad": "a\nb" } }));
    expect(response.status).toBe(500);
    expect(errors).toHaveLength(1);
    expect(stream.stats().connections).toBe(0);
  });

  test("a header that becomes unsendable after the handler is answered with 500 and reported, too", async () => {
    const { response, errors } = await answered(
      async (ctx, next) => {
        await next();
        ctx.res.setHeader = () => {
          // The error path of Koa sets headers as well.
          delete (ctx.res as { setHeader?: unknown }).setHeader;
          throw new TypeError("This header cannot be sent.");
        };
      },
      (ctx) => streamState(ctx, stream),
    );
    expect(response.status).toBe(500);
    expect(errors.map(({ message }) => message)).toEqual(["This header cannot be sent."]);
  });

  test("a head that the application sends itself is that of a stream", async () => {
    const { response, errors, first } = await answered((ctx) => {
      streamState(ctx, stream);
      ctx.flushHeaders();
    });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    expect(await first()).toContain("state.initial");
    expect(errors).toEqual([]);
  });

  test("ctx.respond = false may be set before and after", async () => {
    const { response, errors, first } = await answered((ctx) => {
      ctx.respond = false;
      streamState(ctx, stream);
      ctx.respond = false;
    });
    expect(response.status).toBe(200);
    expect(await first()).toContain("state.initial");
    expect(errors).toEqual([]);
  });

  test("a body that was set before does not limit the stream's length", async () => {
    const { response, first } = await answered((ctx) => {
      ctx.body = { small: true };
      streamState(ctx, stream);
    });
    expect([response.headers.get("content-length"), response.headers.get("content-type")]).toEqual([
      null,
      "text/event-stream",
    ]);
    expect(await first()).toContain("state.initial");
  });

  test("a second call, and a call for a response that has begun, throw an error of ours", async () => {
    const codes: unknown[] = [];
    const call = (ctx: Koa.Context): void => {
      try {
        streamState(ctx, stream);
      } catch (error) {
        codes.push((error as StateStreamError).code);
      }
    };
    const { first } = await answered((ctx) => {
      call(ctx);
      call(ctx);
    });
    expect(await first()).toContain("state.initial");
    await answered((ctx) => {
      ctx.respond = false;
      ctx.res.end("done");
      call(ctx);
    });
    expect(codes).toEqual(["response-started", "response-started"]);
  });

  test("OPTIONS is answered with 204 and the headers that were set before", async () => {
    const app = make().use((ctx) => {
      ctx.set("access-control-allow-origin", "*");
      streamState(ctx, stream);
    });
    const mounted = await listen(app.callback());
    cleanups.push(() => mounted.close());
    const response = await fetch(mounted.url, { method: "OPTIONS" });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
  });

  test("an HTTP/2 client that cancels while a middleware still authorizes leaves no connection", async () => {
    const own = createStateStream({ initialState: { n: 0 } });
    let authorized: (() => void) | undefined;
    const app = make();
    app.use(async (ctx) => {
      await new Promise<void>((resolve) => (authorized = resolve));
      streamState(ctx, own);
    });
    const server = http2.createServer(app.callback() as never);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    cleanups.push(() => (session.destroy(), server.close()));
    const cancelled = session.request({ ":path": "/" });
    await vi.waitUntil(() => authorized !== undefined);
    cancelled.close(http2.constants.NGHTTP2_CANCEL);
    await once(cancelled, "close");
    await new Promise((resolve) => setTimeout(resolve, 50));
    authorized?.();
    await vi.waitUntil(() => own.stats().closed["disconnected"] === 1);
    expect(own.stats().connections).toBe(0);
  });
});
