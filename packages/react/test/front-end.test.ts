// @vitest-environment happy-dom
import type { StateClient } from "@statestream/client";
import { act } from "@testing-library/react";
import { createElement as h, type ReactNode } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { describe } from "vitest";
import { type Counts, type Part, testFrontEnd } from "../../client/test/front-end/suite.ts";
import { useStateStream, useStreamStatus } from "../src/index.ts";

const Shown = ({ client, part }: { client: StateClient<Counts>; part: Part }): ReactNode => {
  const value = useStateStream(client, part.select);
  part.onRender(value);
  return h("p", null, String(value));
};

const Status = ({ client }: { client: StateClient<Counts> }): ReactNode => h("p", null, useStreamStatus(client).status);

const page = (client: StateClient<Counts>, parts: readonly Part[]): ReactNode => [
  ...parts.map((part, key) => h(Shown, { client, part, key })),
  h(Status, { client, key: "status" }),
];

describe("React", () => {
  testFrontEnd({
    renderOnServer: async (client, parts) => renderToString(page(client, parts)),
    async mount(client, parts, element, onMismatch) {
      const content = page(client, parts);
      const root = await act(async () => {
        if (element.hasChildNodes()) return hydrateRoot(element, content, { onRecoverableError: onMismatch });
        const made = createRoot(element);
        made.render(content);
        return made;
      });
      return () => act(() => root.unmount());
    },
    act: async (work) => {
      await act(async () => work());
    },
  });
});
