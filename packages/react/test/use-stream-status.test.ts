// @vitest-environment happy-dom
import { StateClientError, type StreamStatus } from "@statestream/client";
import { act, renderHook } from "@testing-library/react";
import { StrictMode } from "react";
import { expect, test } from "vitest";
import { useStreamStatus } from "../src/index.ts";
import { FakeClient } from "../../client/test/front-end/fake-client.ts";
import { setUpReact } from "./support/react.ts";

setUpReact();

const follow = (client: FakeClient<unknown>): { readonly seen: ReturnType<typeof useStreamStatus>[] } => {
  const seen: ReturnType<typeof useStreamStatus>[] = [];
  renderHook(() => void seen.push(useStreamStatus(client)));
  return { seen };
};

const error = new StateClientError("network", "The request failed.");
const changes: Partial<StreamStatus> = { status: "stale", since: 2, attempt: 1, resumed: true, error };

test.each(Object.entries(changes))("renders again when %s changes", (name, value) => {
  const change = { [name]: value };
  const client = new FakeClient({});
  const { seen } = follow(client);
  act(() => client.setStatus(change));
  expect(seen).toHaveLength(2);
  expect(seen[1]).toEqual({ status: "live", since: 1, attempt: 0, resumed: false, error: undefined, ...change });
});

test("does not render again for events and bytes, and does not return them", () => {
  const client = new FakeClient({ count: 0 });
  const { seen } = follow(client);
  act(() => client.set({ count: 1 }));
  act(() => client.setStatus({ bytes: 5000, eventId: "e.9" }));
  expect(seen).toEqual([{ status: "live", since: 1, attempt: 0, resumed: false, error: undefined }]);
});

test("another client's status is shown at once", () => {
  const first = new FakeClient({});
  const second = new FakeClient({}, { status: "stale" });
  const { result, rerender } = renderHook(({ client }) => useStreamStatus(client), { initialProps: { client: first } });
  rerender({ client: second });
  expect(result.current.status).toBe("stale");
  expect([first.subscribers, second.subscribers]).toEqual([0, 1]);
  act(() => second.close());
  expect(result.current.status).toBe("closed");
});

test("StrictMode: follows, and leaves no subscription", () => {
  const client = new FakeClient({});
  const { result, unmount } = renderHook(() => useStreamStatus(client), { wrapper: StrictMode });
  act(() => client.close());
  expect(result.current.status).toBe("closed");
  unmount();
  expect(client.subscribers).toBe(0);
});
