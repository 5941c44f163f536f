// @vitest-environment happy-dom
import { act } from "@testing-library/react";
import { createElement as h, StrictMode, Suspense, type ReactNode } from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";
import { useStateStream, useStreamStatus } from "../src/index.ts";
import { FakeClient } from "../../client/test/front-end/fake-client.ts";
import { setUpReact } from "./support/react.ts";

setUpReact();

interface Counter {
  readonly count: number;
}

let unmount = (): void => {};
afterEach(() => act(() => unmount()));

/** Shows the page and hydrates it. `recovered` is what React had to render anew. */
function hydrate(html: string, page: ReactNode): { container: HTMLElement; recovered: unknown[] } {
  const container = document.createElement("div");
  container.innerHTML = html;
  const recovered: unknown[] = [];
  act(() => {
    const root = hydrateRoot(container, page, { onRecoverableError: (error) => void recovered.push(error) });
    unmount = () => root.unmount();
  });
  return { container, recovered };
}

/** Code of a component that arrives late: until then the component suspends. */
function suspense(): { use: () => void; suspend: () => void; arrive: () => void } {
  let pending: Promise<void> | undefined;
  let resolve = (): void => {};
  return {
    use() {
      // eslint-disable-next-line typescript/only-throw-error -- how a component of React 18 says that it waits
      if (pending !== undefined) throw pending;
    },
    suspend() {
      pending = new Promise((done) => (resolve = done));
    },
    arrive() {
      pending = undefined;
      resolve();
    },
  };
}

const Page = ({ client }: { client: FakeClient<Counter> }): ReactNode => {
  const { count } = useStateStream(client);
  const { status, since } = useStreamStatus(client);
  return h("p", null, `${count} ${status} ${since}`);
};

test("a page whose state was handed over hydrates without a difference, then goes on", () => {
  const html = renderToString(h(Page, { client: new FakeClient({ count: 7 }, { status: "closed", since: 4 }) }));
  expect(html).toBe("<p>7 stale 0</p>");
  const client = new FakeClient({ count: 7 }, { status: "live", since: 5 });
  const { container, recovered } = hydrate(html, h(StrictMode, null, h(Page, { client })));
  expect(recovered).toEqual([]);
  expect(container.textContent).toBe("7 live 5");
  act(() => client.set({ count: 8 }));
  expect(container.textContent).toBe("8 live 5");
});

test("a part that is the only user of the client hydrates after an update without a difference", async () => {
  const code = suspense();
  const Lazy = ({ client }: { client: FakeClient<Counter> }): ReactNode => {
    code.use();
    return h(Page, { client });
  };
  const page = (client: FakeClient<Counter>): ReactNode => h(Suspense, null, h(Lazy, { client }));
  const html = renderToString(page(new FakeClient({ count: 7 })));
  code.suspend();
  const client = new FakeClient({ count: 7 });
  const { container, recovered } = hydrate(html, page(client));
  act(() => client.set({ count: 8 }));
  const element = container.querySelector("p");
  await act(async () => code.arrive());
  await vi.waitFor(() => expect(container.textContent).toBe("8 live 1"));
  expect(recovered).toEqual([]);
  expect(container.querySelector("p")).toBe(element);
});

test("selected values that are equal after hydration are not rendered again", () => {
  let renders = 0;
  const Selected = ({ client }: { client: FakeClient<Counter> }): ReactNode => {
    renders++;
    return useStateStream(client, ({ count }) => ({ count })).count;
  };
  const html = renderToString(h(Selected, { client: new FakeClient({ count: 7 }) }));
  renders = 0;
  const { recovered } = hydrate(html, h(Selected, { client: new FakeClient({ count: 7 }) }));
  expect(recovered).toEqual([]);
  expect(renders).toBe(1);
});

test("a part that hydrates later does so from the same state, whatever has arrived since", async () => {
  const code = suspense();
  const Late = ({ client }: { client: FakeClient<Counter> }): ReactNode => {
    code.use();
    return h(Page, { client });
  };
  const page = (client: FakeClient<Counter>): ReactNode => [
    h(Page, { key: 1, client }),
    h(Suspense, { key: 2 }, h(Late, { client })),
  ];
  const html = renderToString(page(new FakeClient({ count: 7 })));
  code.suspend();
  const client = new FakeClient({ count: 7 });
  const { container, recovered } = hydrate(html, page(client));
  const [early, late] = container.querySelectorAll("p");
  act(() => client.set({ count: 8 }));
  expect([early?.textContent, late?.textContent]).toEqual(["8 live 1", "7 stale 0"]);
  await act(async () => code.arrive());
  await vi.waitFor(() => expect(late?.textContent).toBe("8 live 1"));
  expect(recovered).toEqual([]);
  // React kept the server's element, rather than making its own.
  expect(container.querySelectorAll("p")[1]).toBe(late);
});
