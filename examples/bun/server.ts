import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/core/fetch";

const stream = createStateStream({ initialState: { count: 0 } });

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 3000),
  fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (pathname === "/events") {
      // Bun closes a response that is quiet for ten seconds.
      server.timeout(request, 0);
      return streamState(request, stream);
    }
    if (pathname === "/increment" && request.method === "POST") {
      stream.set("count", (count) => count + 1, { type: "increment" });
      return new Response(null, { status: 204 });
    }
    return new Response(null, { status: 404 });
  },
});
console.log(server.url.href);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await stream.close({ reason: "draining" });
    await server.stop();
    process.exit();
  });
}
