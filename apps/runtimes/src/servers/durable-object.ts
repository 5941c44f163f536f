interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(request: Request): Promise<Response> };
}

/** A Worker that hands each request to one Durable Object, which its module exports as `Streams`. */
export default {
  fetch(request: Request, env: { STREAMS: Namespace }): Promise<Response> {
    return env.STREAMS.get(env.STREAMS.idFromName("all")).fetch(request);
  },
};
