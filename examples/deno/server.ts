import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/core/fetch";

const stream = createStateStream({ initialState: { count: 0 } });

const server = Deno.serve(
  {
    hostname: "127.0.0.1",
    port: Number(Deno.env.get("PORT") ?? 3000),
    onListen: ({ hostname, port }) => console.log(`http://${hostname}:${port}/`),
  },
  (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/events") return streamState(request, stream);
    if (pathname === "/increment" && request.method === "POST") {
      stream.set("count", (count) => count + 1, { type: "increment" });
      return new Response(null, { status: 204 });
    }
    return new Response(null, { status: 404 });
  },
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, async () => {
    await stream.close({ reason: "draining" });
    await server.shutdown();
    Deno.exit();
  });
}
