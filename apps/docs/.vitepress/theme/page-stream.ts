import { createStateClient, type StateClient } from "@statestream/client";
import { answerRequest, createStateStream, type WritableStateStream } from "@statestream/core";
import { type Demo, FIRST } from "./first-state.ts";

const WORDS =
  "One snapshot, then only what changed. A client that comes back gets what it missed, and a slow one the newest state.".split(
    " ",
  );

/** A server's stream and a client that follows it, both in this page: the same code, with a function in place of the network. */
export interface PageStream {
  readonly stream: WritableStateStream<Demo>;
  readonly client: StateClient<unknown>;
  /** Changes something, as an application would. */
  step(): void;
  stop(): void;
}

export function createPageStream(onFrame: (text: string) => void): PageStream {
  const stream = createStateStream<Demo>({
    initialState: FIRST,
    heartbeatMs: 60_000,
  });

  /** What a server's adapter does, without a server. */
  const answer: typeof fetch = async (input, init) => {
    const request = new Request(new URL(input instanceof Request ? input.url : input, location.href), init);
    const { status, headers, connect } = answerRequest(stream, {
      method: request.method,
      url: request.url,
      lastEventId: request.headers.get("last-event-id") ?? undefined,
    });
    const connection = connect?.(init?.signal ?? undefined);
    const decoder = new TextDecoder();
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        const forward = (): void => {
          for (let bytes = connection?.read(); bytes !== undefined; bytes = connection?.read()) {
            controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
            onFrame(decoder.decode(bytes));
          }
        };
        connection?.onReadable(forward);
        forward();
      },
      cancel: () => connection?.close(),
    });
    return new Response(body, { status, headers });
  };

  const client = createStateClient<Demo>("/events", { fetch: answer });
  let count = 0;
  const step = (): void => {
    count++;
    if (count % 24 === 0) stream.set("answer", []);
    else if (count % 5 === 0) {
      const index = Math.floor(count / 5) % FIRST.todos.length;
      stream.set("todos", (todos) => todos.map((todo, at) => (at === index ? { ...todo, done: !todo.done } : todo)));
    } else if (count % 7 === 0) stream.set("visitors", (visitors) => visitors + 1);
    else stream.set("answer", (words) => [...words, WORDS[words.length % WORDS.length] as string]);
  };
  return {
    stream,
    client,
    step,
    stop() {
      client.close();
      void stream.close();
    },
  };
}
