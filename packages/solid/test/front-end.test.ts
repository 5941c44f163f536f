// @vitest-environment happy-dom
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import { transformSync } from "@babel/core";
import solid from "babel-preset-solid";
import { describe, vi } from "vitest";
import { importFor } from "../../client/test/front-end/bundle.ts";
import { testFrontEnd } from "../../client/test/front-end/suite.ts";
import type * as Browser from "./page/client.tsx";
import type * as Server from "./page/server.tsx";

const compiler = (generate: "dom" | "ssr") => ({
  files: /\.tsx$/,
  compile: (code: string, filename: string) =>
    transformSync(code, {
      filename,
      babelrc: false,
      configFile: false,
      parserOpts: { plugins: ["jsx", "typescript"] },
      presets: [[solid, { generate, hydratable: true }]],
    })?.code ?? "",
});
const { html, script } = await importFor<typeof Server>(
  "node",
  join(import.meta.dirname, "page/server.tsx"),
  compiler("ssr"),
);
const { show } = await importFor<typeof Browser>(
  "browser",
  join(import.meta.dirname, "page/client.tsx"),
  compiler("dom"),
);

describe("Solid", () => {
  testFrontEnd({
    renderOnServer: async (client, parts) => html(client, parts),
    async mount(client, parts, element, onMismatch) {
      // As the page's own script.
      runInThisContext(script);
      const complaints = [vi.spyOn(console, "warn"), vi.spyOn(console, "error")];
      for (const spy of complaints) spy.mockImplementation((...args) => onMismatch(args));
      document.body.append(element);
      const unmount = show(client, parts, element);
      await Promise.resolve();
      for (const spy of complaints) spy.mockRestore();
      return unmount;
    },
    async act(work) {
      work();
      await Promise.resolve();
    },
  });
});
