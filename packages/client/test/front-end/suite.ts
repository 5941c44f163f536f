import { expect, test } from "vitest";
import type { StateClient } from "../../src/index.ts";
import { FakeClient } from "./fake-client.ts";

/** The state of the suite's clients. */
export interface Counts {
  readonly a: number;
  readonly b: number;
}

type Select = (state: Counts) => unknown;

/** A part of a page: selects some values, each by a call of its own, and shows them in a `<p>`, separated by spaces. */
export interface Part {
  readonly selects: readonly Select[];
  /** Called with the values each time the part renders. */
  readonly onRender: (values: readonly unknown[]) => void;
}

/** How a front end renders the parts one after another, and after them the client's status in a `<p>`. */
export interface FrontEnd {
  readonly renderOnServer: (client: StateClient<Counts>, parts: readonly Part[]) => Promise<string>;
  /** Into an element: hydrates what it contains, if it contains anything. Returns how to unmount. */
  readonly mount: (
    client: StateClient<Counts>,
    parts: readonly Part[],
    element: HTMLElement,
    onMismatch: (error: unknown) => void,
  ) => Promise<() => void>;
  /** Runs, and waits until everything has rendered. */
  readonly act: (work: () => void) => Promise<void>;
}

/** Tests of what every front end does alike. They need a document. */
export function testFrontEnd({ renderOnServer, mount, act }: FrontEnd): void {
  /** Parts that select one value, or several. */
  const selecting = (...selections: (Select | readonly Select[])[]) => {
    const renders: string[][] = selections.map(() => []);
    const parts = selections.map((selection, index) => ({
      selects: typeof selection === "function" ? [selection] : selection,
      onRender: (values: readonly unknown[]) => renders[index]?.push(values.join(" ")),
    }));
    return { parts, renders };
  };
  const selectA = ({ a }: Counts): number => a;
  const selectB = ({ b }: Counts): number => b;
  const texts = (element: HTMLElement): string[] =>
    [...element.querySelectorAll("p")].map(({ textContent }) => textContent ?? "");
  const fail = (error: unknown): never => {
    throw error;
  };
  /** As a server's modules see the world: without a page. */
  const serverHtml = async (client: StateClient<Counts>, parts: readonly Part[]): Promise<string> => {
    const { document } = globalThis;
    Reflect.deleteProperty(globalThis, "document");
    try {
      return await renderOnServer(client, parts);
    } finally {
      globalThis.document = document;
    }
  };

  test("renders a part once per commit that changes what it selects, and for no other", async () => {
    const client = new FakeClient<Counts>({ a: 1, b: 1 });
    const { parts, renders } = selecting(selectA, selectB);
    const element = document.createElement("div");
    const unmount = await mount(client, parts, element, fail);
    expect(texts(element)).toEqual(["1", "1", "live"]);
    for (let count = 2; count <= 4; count++) await act(() => client.set({ a: count }));
    expect(texts(element)).toEqual(["4", "1", "live"]);
    expect(renders).toEqual([["1", "2", "3", "4"], ["1"]]);
    unmount();
  });

  test("never renders two states at once, also in a part that selects twice", async () => {
    const client = new FakeClient<Counts>({ a: 1, b: 1 });
    const { parts, renders } = selecting(({ a, b }) => a - b, [selectA, selectB]);
    const element = document.createElement("div");
    const unmount = await mount(client, parts, element, fail);
    for (let count = 2; count <= 3; count++) await act(() => client.set({ a: count, b: count }));
    expect(renders).toEqual([["0"], ["1 1", "2 2", "3 3"]]);
    await act(() => {
      for (let count = 4; count <= 6; count++) client.set({ a: count, b: count });
    });
    expect(texts(element)).toEqual(["0", "6 6", "live"]);
    for (const shown of renders[1] ?? []) expect(shown).toMatch(/^(\d) \1$/);
    unmount();
  });

  test("shows the status when it changes", async () => {
    const client = new FakeClient<Counts>({ a: 1, b: 1 });
    const { parts, renders } = selecting(selectA);
    const element = document.createElement("div");
    const unmount = await mount(client, parts, element, fail);
    await act(() => client.setStatus({ status: "stale", since: 2 }));
    expect(texts(element)).toEqual(["1", "stale"]);
    expect(renders).toEqual([["1"]]);
    unmount();
  });

  test("unmounting unsubscribes, and leaves the client open", async () => {
    const client = new FakeClient<Counts>({ a: 1, b: 1 });
    const unmount = await mount(client, selecting(selectA, selectB).parts, document.createElement("div"), fail);
    expect(client.subscribers).toBeGreaterThan(0);
    await act(unmount);
    expect(client.subscribers).toBe(0);
    expect(client.getStatus().status).toBe("live");
  });

  test("a server renders the state, and subscribes to nothing", async () => {
    const client = new FakeClient<Counts>({ a: 1, b: 2 }, { status: "closed" });
    const html = await serverHtml(client, selecting(selectA, selectB).parts);
    const element = document.createElement("div");
    element.innerHTML = html;
    expect(texts(element)).toEqual(["1", "2", "stale"]);
    expect(client.subscribers).toBe(0);
  });

  test("a page hydrates from the initial state without a difference, then shows the state of now", async () => {
    const { parts, renders } = selecting(selectA, selectB);
    const element = document.createElement("div");
    element.innerHTML = await serverHtml(new FakeClient<Counts>({ a: 1, b: 2 }), selecting(selectA, selectB).parts);
    const [first] = element.querySelectorAll("p");
    const client = new FakeClient<Counts>({ a: 1, b: 2 });
    client.set({ a: 5 });
    const mismatches: unknown[] = [];
    const unmount = await mount(client, parts, element, (error) => mismatches.push(error));
    expect(mismatches).toEqual([]);
    expect(renders.map((values) => [...new Set(values)])).toEqual([["1", "5"], ["2"]]);
    expect(texts(element)).toEqual(["5", "2", "live"]);
    expect(element.querySelector("p")).toBe(first);
    await act(() => client.set({ b: 6 }));
    expect(texts(element)).toEqual(["5", "6", "live"]);
    unmount();
    await act(() => {});
    expect(client.subscribers).toBe(0);
  });
}
