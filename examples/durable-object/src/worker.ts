import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/core/fetch";

/** Holds the stream. All requests to one object run in one place, which a plain Worker's requests do not. */
export class Counter {
  stream = createStateStream({ initialState: { count: 0 } });

  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/events") return streamState(request, this.stream);
    if (pathname === "/increment" && request.method === "POST") {
      this.stream.set("count", (count) => count + 1, { type: "increment" });
      return new Response(null, { status: 204 });
    }
    return new Response(null, { status: 404 });
  }
}

interface Env {
  COUNTER: { idFromName(name: string): object; get(id: object): { fetch(request: Request): Promise<Response> } };
}

export default {
  fetch: (request: Request, env: Env): Promise<Response> =>
    env.COUNTER.get(env.COUNTER.idFromName("everybody")).fetch(request),
};
