// @vitest-environment happy-dom
import { createStateClient, type DeepReadonly, type InitialState, type StateClient } from "@statestream/client";
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

/** Answers a client with a connection of the stream, narrowed to what its user may see, and notes the IDs of its requests. */
function serve(
  stream: WritableStateStream<Board>,
  slices?: (keyof Board)[],
): { fetch: typeof fetch; asked: (string | null)[] } {
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
        ...(slices ? { slices } : {}),
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

/** What a server's own modules see: no page. */
function onServer<T>(work: () => T): T {
  const { document, location } = globalThis;
  Reflect.deleteProperty(globalThis, "document");
  Reflect.deleteProperty(globalThis, "location");
  try {
    return work();
  } finally {
    Object.assign(globalThis, { document, location });
  }
}

test("the recipe of the README: a page for a user who may see some slices holds only those, hydrates and resumes", async () => {
  const hostile = "</script><script>alert(1)</script><!--";
  const stream = createStateStream<Board>({ initialState: { count: 5, todos: [{ title: hostile }] } });
  type State = Partial<Board>;
  const Page = ({ client }: { client: StateClient<DeepReadonly<State>> }): ReactNode =>
    useStateStream(client, (state) => state.todos?.map(({ title }) => title).join());

  const page = onServer(() => {
    const initial = stream.snapshot({ slices: ["todos"] });
    const client = createStateClient<State>("/events", { initial });
    expect(client.getStatus().status).toBe("closed");
    const html = renderToString(h(Page, { client }));
    const json = JSON.stringify(initial).replaceAll("<", "\\u003c");
    return `<div id="root">${html}</div><script type="application/json" id="state">${json}</script>`;
  });
  expect(page).not.toContain("count");
  expect(page.match(/<\/?script/g)).toHaveLength(2);

  stream.patch("todos", [{ op: "add", path: "/-", value: { title: "b" } }]);
  const container = document.createElement("div");
  container.innerHTML = page;
  const initial = JSON.parse(container.querySelector("#state")?.textContent ?? "") as InitialState<State>;
  const options = serve(stream, ["todos"]);
  const client = createStateClient<State>("https://example.com/events", { ...options, initial });
  const recovered: unknown[] = [];
  const root = await act(async () =>
    hydrateRoot(container.querySelector("#root") as Element, h(Page, { client }), {
      onRecoverableError: (error) => void recovered.push(error),
    }),
  );
  await waitFor(() => expect(container.querySelector("#root")?.textContent).toBe(`${hostile},b`));
  expect(recovered).toEqual([]);
  expect(options.asked).toEqual([initial.eventId]);
  expect(client.getStatus().resumed).toBe(true);
  act(() => root.unmount());
  client.close();
  await stream.close();
});
