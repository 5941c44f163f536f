// @vitest-environment happy-dom
import { act, render, renderHook } from "@testing-library/react";
import {
  createElement as h,
  StrictMode,
  startTransition,
  useLayoutEffect,
  useState,
  version,
  type ReactNode,
} from "react";
import { version as domVersion } from "react-dom";
import { createRoot } from "react-dom/client";
import { expect, test, vi } from "vitest";
import { useStateStream } from "../src/index.ts";
import { FakeClient } from "../../client/test/front-end/fake-client.ts";
import { Boundary, complaints, setUpReact } from "./support/react.ts";

setUpReact();

interface Board {
  readonly count: number;
  readonly todos: readonly string[];
}

const board: Board = { count: 0, todos: ["a", "b"] };

const busy = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

test("runs on the React it is meant to", () => {
  const major = process.env["REACT"] ?? "19";
  expect(version.split(".")[0]).toBe(major);
  expect(domVersion).toBe(version);
});

test("gives the state, also before there is one", () => {
  const client = new FakeClient<Board | undefined>(undefined);
  const { result } = renderHook(() => useStateStream(client));
  expect(result.current).toBeUndefined();
  act(() => client.set(board));
  expect(result.current).toBe(client.getState());
  expect(result.current).toEqual(board);
});

test("renders again only who reads what changed", () => {
  const client = new FakeClient(board);
  const renders = { count: 0, todos: 0, length: 0, parent: 0 };
  const Count = (): ReactNode => {
    renders.count++;
    return useStateStream(client, (state) => state.count);
  };
  const Todos = (): ReactNode => {
    renders.todos++;
    return useStateStream(client, (state) => state.todos).join();
  };
  const Length = (): ReactNode => {
    renders.length++;
    return useStateStream(client, (state) => state.todos.length);
  };
  const App = (): ReactNode => {
    renders.parent++;
    return h("p", null, h(Count), " ", h(Todos), " ", h(Length));
  };
  const { container } = render(h(App));
  expect(container.textContent).toBe("0 a,b 2");
  expect(renders).toEqual({ count: 1, todos: 1, length: 1, parent: 1 });
  act(() => client.set({ count: 1 }));
  expect(container.textContent).toBe("1 a,b 2");
  expect(renders).toEqual({ count: 2, todos: 1, length: 1, parent: 1 });
  act(() => client.set({ todos: ["c", "d"] }));
  expect(container.textContent).toBe("1 c,d 2");
  expect(renders).toEqual({ count: 2, todos: 2, length: 1, parent: 1 });
  act(() => client.setStatus({ status: "stale" }));
  expect(renders).toEqual({ count: 2, todos: 2, length: 1, parent: 1 });
});

test("an inline selector may build something new each time", () => {
  const client = new FakeClient(board);
  let renders = 0;
  const { result } = renderHook(() => {
    renders++;
    return useStateStream(client, ({ count }) => ({ count }));
  });
  expect(renders).toBe(1);
  act(() => client.set({ todos: [] }));
  expect(renders).toBe(2);
  act(() => client.set({ count: 1 }));
  expect(renders).toBe(3);
  expect(result.current).toEqual({ count: 1 });
});

test("asks a selector once for each state", () => {
  const client = new FakeClient(board);
  const selector = vi.fn<(state: Board) => { count: number }>(({ count }) => ({ count }));
  const { result, rerender } = renderHook(() => useStateStream(client, selector));
  const first = result.current;
  rerender();
  act(() => client.setStatus({ status: "stale" }));
  act(() => client.setStatus({ status: "live" }));
  expect(selector).toHaveBeenCalledTimes(1);
  expect(result.current).toBe(first);
  act(() => client.set({ count: 1 }));
  expect(selector).toHaveBeenCalledTimes(2);
  expect(result.current).toEqual({ count: 1 });
});

test("isEqual decides what is a change, and an equal value stays the same object", () => {
  const client = new FakeClient(board);
  const isEqual = (a: readonly string[], b: readonly string[]): boolean => a.join() === b.join();
  let renders = 0;
  const { result, rerender } = renderHook(() => {
    renders++;
    return useStateStream(client, (state) => state.todos.filter((todo) => todo !== "b"), isEqual);
  });
  const first = result.current;
  act(() => client.set({ todos: ["a", "b", "b"] }));
  expect(renders).toBe(1);
  rerender();
  expect(renders).toBe(2);
  expect(result.current).toBe(first);
  act(() => client.set({ todos: ["c"] }));
  expect(renders).toBe(3);
  expect(result.current).toEqual(["c"]);
});

test("isEqual works without a selector", () => {
  const client = new FakeClient(board);
  const { result } = renderHook(() => useStateStream(client, undefined, (a, b) => a.count === b.count));
  act(() => client.set({ todos: [] }));
  expect(result.current).toBe(board);
  act(() => client.set({ count: 1 }));
  expect(result.current).toEqual({ count: 1, todos: [] });
});

test("a selector that closes over a prop follows it at once", () => {
  const client = new FakeClient(board);
  const seen: unknown[] = [];
  const { rerender } = renderHook(
    ({ index }) => {
      seen.push(useStateStream(client, (state) => state.todos[index]));
    },
    { initialProps: { index: 0 } },
  );
  rerender({ index: 1 });
  expect(seen).toEqual(["a", "b"]);
});

test("StrictMode: follows with one subscription, and leaves none", () => {
  const client = new FakeClient(board);
  const { result, unmount } = renderHook(() => useStateStream(client, ({ count }) => ({ count })), {
    wrapper: StrictMode,
  });
  expect(client.subscribers).toBe(1);
  act(() => client.set({ count: 1 }));
  expect(result.current).toEqual({ count: 1 });
  unmount();
  expect(client.subscribers).toBe(0);
});

test("subscribes once, and unsubscribes when unmounted", () => {
  const client = new FakeClient(board);
  const subscribe = vi.spyOn(client, "subscribe");
  const { rerender, unmount } = renderHook(() => useStateStream(client, (state) => state.count));
  rerender();
  act(() => client.set({ count: 1 }));
  expect(subscribe).toHaveBeenCalledTimes(1);
  unmount();
  expect(client.subscribers).toBe(0);
  client.set({ count: 2 });
});

test("another client takes over at once", () => {
  const first = new FakeClient(board);
  const second = new FakeClient<Board>({ count: 10, todos: [] });
  const selector = (state: Board): number => state.count;
  const seen: number[] = [];
  const { rerender } = renderHook(
    ({ client }) => {
      seen.push(useStateStream(client, selector));
    },
    { initialProps: { client: first } },
  );
  rerender({ client: second });
  expect([first.subscribers, second.subscribers]).toEqual([0, 1]);
  act(() => first.set({ count: 1 }));
  act(() => second.set({ count: 11 }));
  expect(seen).toEqual([0, 10, 11]);
});

test("what arrives between rendering and subscribing is not missed", () => {
  const client = new FakeClient(board);
  const Reader = (): ReactNode => {
    const count = useStateStream(client, (state) => state.count);
    useLayoutEffect(() => {
      if (client.getState().count === 0) client.set({ count: 1 });
    }, []);
    return count;
  };
  const { container } = render(h(Reader));
  expect(container.textContent).toBe("1");
});

test("what a selector throws reaches the error boundary, when mounting and later", () => {
  const client = new FakeClient(board);
  const Reader = ({ index }: { index: number }): ReactNode =>
    useStateStream(client, (state) => {
      const todo = state.todos[index];
      if (todo === undefined) throw new Error(`no ${index}`);
      return todo;
    });
  const { container } = render([0, 1, 2].map((index) => h(Boundary, { key: index }, h(Reader, { index }), "; ")));
  expect(container.textContent).toBe("a; b; caught: no 2");
  act(() => client.set({ todos: ["c"] }));
  expect(container.textContent).toBe("c; caught: no 1caught: no 2");
  expect(client.subscribers).toBe(1);
  expect(complaints).toHaveBeenCalled();
  complaints.mockClear();
});

test("a child whose item is gone is unmounted before its selector can hurt", () => {
  const client = new FakeClient(board);
  const Item = ({ index }: { index: number }): ReactNode =>
    useStateStream(client, (state) => (state.todos[index] as string).toUpperCase());
  const List = (): ReactNode =>
    useStateStream(client, (state) => state.todos).map((todo, index) => h(Item, { key: todo, index }));
  const { container } = render(h(List));
  expect(container.textContent).toBe("AB");
  act(() => client.set({ todos: ["a"] }));
  expect(container.textContent).toBe("A");
});

test("a page never shows two states at a time, however long it takes to render", async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", false);
  const client = new FakeClient(board);
  const container = document.body.appendChild(document.createElement("div"));
  const shown: string[] = [];
  let renders = 0;
  let show: (isShown: boolean) => void = () => {};
  const Slow = (): ReactNode => {
    renders++;
    busy(8);
    return useStateStream(client, (state) => state.count);
  };
  const App = (): ReactNode => {
    const [isShown, setShown] = useState(false);
    show = setShown;
    useLayoutEffect(() => void shown.push(container.textContent ?? ""));
    return isShown ? Array.from({ length: 10 }, (_, index) => h(Slow, { key: index })) : "nothing";
  };
  const root = createRoot(container);
  root.render(h(App));
  await vi.waitFor(() => expect(shown).toEqual(["nothing"]));
  startTransition(() => show(true));
  await vi.waitFor(() => expect(renders).toBeGreaterThan(2), { interval: 1 });
  // In the middle: some have rendered the state before, others will render the one after.
  expect(renders).toBeLessThan(10);
  client.set({ count: 1 });
  await vi.waitFor(() => expect(container.textContent).toBe("1111111111"));
  expect(shown).toEqual(["nothing", "1111111111"]);
  root.unmount();
  container.remove();
  vi.unstubAllGlobals();
});
