// @vitest-environment happy-dom
import type { StateClient } from "@statestream/client";
import { act } from "@testing-library/react";
import { createElement as h, type ReactNode } from "react";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { describe } from "vitest";
import { type Counts, type Part, testFrontEnd } from "../../client/test/front-end/suite.ts";
import { useStateStream, useStreamStatus } from "../src/index.ts";

const Shown = ({ client, part }: { client: StateClient<Counts>; part: Part }): ReactNode => {
  const values = part.selects.map((select) => useStateStream(client, select));
  part.onRender(values);
  return h("p", null, values.join(" "));
};

const Status = ({ client }: { client: StateClient<Counts> }): ReactNode => h("p", null, useStreamStatus(client).status);

const Page = ({ client, parts }: { client: StateClient<Counts>; parts: readonly Part[] }): ReactNode =>
  h("main", null, ...parts.map((part, key) => h(Shown, { client, part, key })), h(Status, { client }));

describe("React", () => {
  testFrontEnd({
    renderOnServer: async (client, parts) => renderToString(h(Page, { client, parts })),
    async mount(client, parts, element, onMismatch) {
      const content = h(Page, { client, parts });
      let root!: Root;
      await act(async () => {
        if (element.hasChildNodes()) root = hydrateRoot(element, content, { onRecoverableError: onMismatch });
        else (root = createRoot(element)).render(content);
      });
      return () => act(() => root.unmount());
    },
    act: async (work) => {
      await act(async () => work());
    },
  });
});
