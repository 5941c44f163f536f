import { controlHandler, localSubject, type Mount } from "@statestream/conformance/control";
import type { StateStream, StreamStateOptions } from "@statestream/core";
import { streamState } from "@statestream/core/fetch";
import { streamState as streamStateOfHono } from "@statestream/hono";
import { Hono } from "hono";

/** A server of any runtime; `env` is what the runtime hands to its handler beside the request. */
export type Handler = (request: Request, env?: object) => Response | Promise<Response>;

type Adapter = (stream: StateStream, options: StreamStateOptions) => Handler;

const adapters: Readonly<Record<string, Adapter>> = {
  fetch: (stream, options) => (request) => streamState(request, stream, options),
  hono: (stream, options) => {
    const app = new Hono().all("*", (c) => streamStateOfHono(c, stream, options));
    return (request, env) => app.fetch(request, env);
  },
};

/** Serves the control API of the conformance suite at `/<adapter>/servers`, and the streams it opens beside it. */
export function createHandler(): Handler {
  const streams = new Map<string, Handler>();
  const controls = new Map(
    Object.entries(adapters).map(([name, adapter]) => [
      name,
      controlHandler(localSubject(mount(name, adapter, streams))),
    ]),
  );
  return (request, env) => {
    const { pathname } = new URL(request.url);
    const stream = streams.get(pathname);
    if (stream !== undefined) return stream(request, env);
    const [, name = "", rest] = /^\/(\w+)\/(servers)/.exec(pathname) ?? [];
    const control = rest === undefined ? undefined : controls.get(name);
    return control?.(request) ?? new Response(null, { status: 404 });
  };
}

function mount(name: string, adapter: Adapter, streams: Map<string, Handler>): Mount {
  let count = 0;
  return async (stream, options) => {
    const url = `/${name}/streams/${++count}`;
    streams.set(url, adapter(stream, options));
    return { url, close: () => streams.delete(url) };
  };
}
