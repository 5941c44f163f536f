import { createHandler, type Handler } from "./handler.ts";

/** A Durable Object answers all its requests in one context, so that its streams can write to each of them. */
export class Streams {
  readonly fetch: Handler = createHandler();
}

export { default } from "./durable-object.ts";
