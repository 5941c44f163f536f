import { createHandler } from "./handler.ts";

/** What this server uses of Bun, whose types would replace those of Node. */
interface BunServer {
  readonly port: number;
}
interface BunGlobal {
  serve(options: {
    hostname: string;
    port: number;
    fetch: (request: Request, server: BunServer) => Response | Promise<Response>;
  }): BunServer;
}

const { Bun } = globalThis as unknown as { Bun: BunGlobal };
const handle = createHandler();
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request, bun) => handle(request, bun) });
console.log(`listening on ${server.port}`);
