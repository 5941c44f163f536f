import { createHandler, type Handler } from "./handler.ts";

interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(request: Request): Promise<Response> };
}

/** A Durable Object answers all its requests in one context, so that its streams can write to each of them. */
export class Streams {
  readonly fetch: Handler = createHandler();
}

export default {
  fetch(request: Request, env: { STREAMS: Namespace }): Promise<Response> {
    return env.STREAMS.get(env.STREAMS.idFromName("all")).fetch(request);
  },
};
