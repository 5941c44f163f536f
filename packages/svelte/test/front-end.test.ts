// @vitest-environment happy-dom
import { join } from "node:path";
import { tick } from "svelte";
import { compile } from "svelte/compiler";
import { describe, vi } from "vitest";
import { importFor } from "../../client/test/front-end/bundle.ts";
import { testFrontEnd } from "../../client/test/front-end/suite.ts";
import type * as Browser from "./page/client.ts";
import type * as Server from "./page/server.ts";

const compiler = (generate: "client" | "server") => ({
  files: /\.svelte$/,
  compile: (code: string, filename: string) => compile(code, { filename, generate, dev: true }).js.code,
});
const onServer = await importFor<typeof Server>(
  "node",
  join(import.meta.dirname, "page/server.ts"),
  compiler("server"),
);
const { flushSync, hydrate, mount, Page, unmount } = await importFor<typeof Browser>(
  "browser",
  join(import.meta.dirname, "page/client.ts"),
  compiler("client"),
);

describe("Svelte", () => {
  testFrontEnd({
    renderOnServer: async (client, parts) => onServer.render(onServer.Page, { props: { client, parts } }).body,
    async mount(client, parts, target, onMismatch) {
      const props = { client, parts };
      // In development, Svelte reports differences between the HTML and the page on the console.
      const complaints = [vi.spyOn(console, "warn"), vi.spyOn(console, "error")];
      for (const spy of complaints) spy.mockImplementation((...args) => onMismatch(args));
      const page = target.hasChildNodes()
        ? hydrate(Page, { target, props, recover: false })
        : mount(Page, { target, props });
      await tick();
      flushSync();
      for (const spy of complaints) spy.mockRestore();
      return () => void unmount(page);
    },
    async act(work) {
      work();
      await tick();
      flushSync();
    },
  });
});
