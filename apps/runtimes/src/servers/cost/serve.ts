import type { Handler } from "../handler.ts";

const { Streams } = (await import(`./${process.argv[2]}.js`)) as { Streams: new () => { readonly fetch: Handler } };
const { fetch: handle } = new Streams();

/** What this server uses of Bun and Deno, whose types would replace those of Node. */
interface Globals {
  readonly Bun?: {
    serve(options: { hostname: string; port: number; idleTimeout: number; fetch: Handler }): { port: number };
  };
  readonly Deno?: {
    serve(
      options: { hostname: string; port: number; onListen: (address: { port: number }) => void },
      handle: (request: Request) => Response | Promise<Response>,
    ): unknown;
  };
}

const { Bun, Deno } = globalThis as Globals;
const hostname = "127.0.0.1";
const report = ({ port }: { port: number }): void => console.log(`listening on ${port}`);

if (Bun !== undefined) report(Bun.serve({ hostname, port: 0, idleTimeout: 0, fetch: handle }));
else if (Deno !== undefined) Deno.serve({ hostname, port: 0, onListen: report }, (request) => handle(request));
else {
  // Node has no server of its own that turns a Request into a Response.
  const { serve } = await import("@hono/node-server");
  serve({ fetch: (request) => handle(request), hostname, port: 0 }, report);
}
