// @vitest-environment node
import { createElement as h, type ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { useStateStream, useStreamStatus } from "../src/index.ts";
import { FakeClient } from "../../client/test/front-end/fake-client.ts";
import { setUpReact } from "./support/react.ts";

setUpReact();

const page = (client: FakeClient<{ readonly count: number } | undefined>): string => {
  const Page = (): ReactNode => {
    const count = useStateStream(client, (state) => state?.count ?? "none");
    const { status, since, attempt } = useStreamStatus(client);
    return `${count} ${status} ${since} ${attempt}`;
  };
  return renderToString(h(Page));
};

test("a server renders the client's state of now, each time", () => {
  const client = new FakeClient<{ readonly count: number } | undefined>({ count: 0 });
  expect(page(client)).toBe("0 stale 0 0");
  client.set({ count: 1 });
  expect(page(client)).toBe("1 stale 0 0");
  expect(client.subscribers).toBe(0);
});

test("a server without a state renders a client that connects", () => {
  expect(page(new FakeClient(undefined))).toBe("none connecting 0 0");
});
