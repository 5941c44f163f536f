import type { Handler } from "../handler.ts";
import { createTicks } from "./ticks.ts";

type Controller = ReadableStreamDefaultController<Uint8Array>;

const controllers = new Set<Controller>();
const encoder = new TextEncoder();
let frame = encoder.encode("data: \n\n");

/** A `ReadableStream` of the runtime, without Statestream: each frame is encoded once and enqueued for every client. */
function connect(): Response {
  let own: Controller;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      own = controller;
      controllers.add(controller);
      controller.enqueue(frame);
    },
    cancel() {
      controllers.delete(own);
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}

function tick(bytes: number): void {
  frame = encoder.encode(`data: ${"x".repeat(bytes - "data: \n\n".length)}\n\n`);
  for (const controller of controllers) controller.enqueue(frame);
}

export class Streams {
  readonly fetch: Handler = createTicks({ connect, tick });
}

export { default } from "../durable-object.ts";
