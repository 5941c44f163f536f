// @vitest-environment happy-dom
import type { StateClient } from "@statestream/client";
import { renderToString } from "@vue/server-renderer";
import { describe, vi } from "vitest";
import { createApp, createSSRApp, defineComponent, h, nextTick, type Component } from "vue";
import { type Counts, type Part, testFrontEnd } from "../../client/test/front-end/suite.ts";
import { useStateStream, useStreamStatus } from "../src/index.ts";

const Shown = defineComponent<{ client: StateClient<Counts>; part: Part }>(
  ({ client, part }) => {
    const selected = part.selects.map((select) => useStateStream(client, select));
    return () => {
      const values = selected.map(({ value }) => value);
      part.onRender(values);
      return h("p", values.join(" "));
    };
  },
  { props: ["client", "part"] },
);

const Status = defineComponent<{ client: StateClient<Counts> }>(
  ({ client }) => {
    const status = useStreamStatus(client);
    return () => h("p", status.value.status);
  },
  { props: ["client"] },
);

const page = (client: StateClient<Counts>, parts: readonly Part[]): Component =>
  defineComponent(() => () => h("main", [...parts.map((part) => h(Shown, { client, part })), h(Status, { client })]));

describe("Vue", () => {
  testFrontEnd({
    renderOnServer: (client, parts) => renderToString(createSSRApp(page(client, parts))),
    async mount(client, parts, element, onMismatch) {
      const app = element.hasChildNodes() ? createSSRApp(page(client, parts)) : createApp(page(client, parts));
      // Vue reports differences between the HTML and the page on the console only.
      const complaints = [vi.spyOn(console, "warn"), vi.spyOn(console, "error")];
      for (const spy of complaints) spy.mockImplementation((...args) => onMismatch(args));
      app.mount(element);
      await nextTick();
      for (const spy of complaints) spy.mockRestore();
      return () => app.unmount();
    },
    async act(work) {
      work();
      await nextTick();
    },
  });
});
