import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/fastify";
import { fastify } from "fastify";

const stream = createStateStream({ initialState: { count: 0 } });

const app = fastify();
app.get("/events", (request, reply) => streamState(request, reply, stream));
app.post("/increment", async (_, reply) => {
  stream.set("count", (count) => count + 1, { type: "increment" });
  return reply.code(204).send();
});
// Open streams would keep app.close() waiting.
app.addHook("preClose", () => stream.close({ reason: "draining" }));

console.log(await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 3000) }));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void app.close());
