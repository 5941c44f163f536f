import { createHandler } from "./handler.ts";

/** What this server uses of Deno, whose types would replace those of Node. */
interface DenoGlobal {
  serve(
    options: { hostname: string; port: number; onListen: (address: { port: number }) => void },
    handle: (request: Request) => Response | Promise<Response>,
  ): unknown;
}

const { Deno } = globalThis as unknown as { Deno: DenoGlobal };
const handle = createHandler();
Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`listening on ${port}`) }, (request) =>
  handle(request),
);
