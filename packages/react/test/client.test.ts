// @vitest-environment happy-dom
import { createStateClient } from "@statestream/client";
import { createStateStream, type WritableStateStream } from "@statestream/core";
import { act, render, waitFor } from "@testing-library/react";
import { createElement as h, type ReactNode } from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { useStateStream, useStreamStatus } from "../src/index.ts";
import { setUpReact } from "./support/react.ts";

setUpReact();

interface Board {
  readonly count: number;
  readonly todos: readonly { readonly title: string }[];
}

/** Answers a client with a connection of the stream, and writes down what it asked for. */
function serve(stream: WritableStateStream<Board>): { fetch: typeof fetch; asked: (string | null)[] } {
  const asked: (string | null)[] = [];
  return {
    asked,
    fetch: async (url, { signal } = {}) => {
      // In the query, since the test's page is of another origin.
      const lastEventId = new URL(url as string).searchParams.get("lastEventId");
      asked.push(lastEventId);
      const connection = stream.connect({
        ...(lastEventId === null ? {} : { lastEventId }),
        ...(signal ? { signal } : {}),
      });
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const pump = (): void => {
            for (let chunk = connection.read(); chunk !== undefined; chunk = connection.read())
              controller.enqueue(chunk);
          };
          connection.onReadable(pump);
          pump();
        },
      });
      return { status: 200, headers: new Headers({ "content-type": "text/event-stream" }), body } as Response;
    },
  };
}

test("follows a real client and a real stream, and renders only who reads what changed", async () => {
  const stream = createStateStream<Board>({ initialState: { count: 0, todos: [{ title: "a" }] } });
  const client = createStateClient<Board>("https://example.com/events", serve(stream));
  const renders = { count: 0, todos: 0, status: 0 };
  const Count = (): ReactNode => {
    renders.count++;
    return useStateStream(client, (state) => state?.count);
  };
  const Todos = (): ReactNode => {
    renders.todos++;
    return (
      useStateStream(client, (state) => state?.todos)
        ?.map(({ title }) => title)
        .join() ?? "no todos"
    );
  };
  const Status = (): ReactNode => {
    renders.status++;
    return useStreamStatus(client).status;
  };
  const { container } = render(h("p", null, h(Count), " ", h(Todos), " ", h(Status)));
  expect(container.textContent).toBe(" no todos connecting");
  await waitFor(() => expect(container.textContent).toBe("0 a live"));
  const before = { ...renders };
  for (let count = 1; count <= 3; count++) {
    stream.set("count", count);
    await waitFor(() => expect(container.textContent).toBe(`${count} a live`));
  }
  stream.patch("todos", [{ op: "add", path: "/-", value: { title: "b" } }]);
  await waitFor(() => expect(container.textContent).toBe("3 a,b live"));
  expect(renders).toEqual({ count: before.count + 3, todos: before.todos + 1, status: before.status });
  act(() => client.close());
  expect(container.textContent).toBe("3 a,b closed");
  await stream.close();
});

test("a page rendered on a server hydrates, and its client resumes where the server was", async () => {
  const stream = createStateStream<Board>({ initialState: { count: 5, todos: [] } });
  const initial = { state: stream.state, eventId: stream.eventId };
  const options = serve(stream);
  const onServer = createStateClient<Board>("https://example.com/events", {
    ...options,
    initial,
    signal: AbortSignal.abort(),
  });
  const Page = ({ client }: { client: typeof onServer }): ReactNode =>
    `${useStateStream(client, (state) => state.count)} ${useStreamStatus(client).status}`;
  const container = document.createElement("div");
  container.innerHTML = renderToString(h(Page, { client: onServer }));
  expect(container.textContent).toBe("5 stale");
  expect(options.asked).toEqual([]);
  stream.set("count", 6);
  const client = createStateClient<Board>("https://example.com/events", { ...options, initial });
  const recovered: unknown[] = [];
  const root = await act(async () =>
    hydrateRoot(container, h(Page, { client }), { onRecoverableError: (error) => void recovered.push(error) }),
  );
  await waitFor(() => expect(container.textContent).toBe("6 live"));
  expect(recovered).toEqual([]);
  expect(options.asked).toEqual([initial.eventId]);
  expect(client.getStatus().resumed).toBe(true);
  act(() => root.unmount());
  client.close();
  await stream.close();
});
