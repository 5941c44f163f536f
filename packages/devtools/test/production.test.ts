import { fileURLToPath } from "node:url";
import { build } from "vite";
import { expect, test } from "vitest";

const ENTRY = "\0application.js";
/** The line of the documentation. */
const CODE = `
  const client = {};
  if (import.meta.env.DEV) void import("@statestream/devtools").then(({ mountDevtools }) => mountDevtools(client));
  console.log("the application");
`;

/** What a bundler makes of an application with the documented line. */
async function bundle(mode: "production" | "development"): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "silent",
    mode,
    define: { "import.meta.env.DEV": String(mode === "development") },
    resolve: {
      alias: [
        { find: "@statestream/devtools", replacement: fileURLToPath(new URL("../src/index.ts", import.meta.url)) },
        {
          find: "@statestream/client",
          replacement: fileURLToPath(new URL("../../client/src/index.ts", import.meta.url)),
        },
      ],
    },
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: { write: false, rollupOptions: { input: ENTRY } },
    plugins: [
      {
        name: "application",
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) => (id === ENTRY ? CODE : undefined),
      },
    ],
  });
  const built = [result].flat() as { output: { code?: string }[] }[];
  return built
    .flatMap(({ output }) => output)
    .map(({ code }) => code ?? "")
    .join("\n");
}

test("a production bundle with the documented line contains nothing of the panel, a development one does", async () => {
  const production = await bundle("production");
  expect(production).toContain("the application");
  expect(production).not.toMatch(/statestream-devtools|preact|attachShadow/);
  expect(await bundle("development")).toContain("statestream-devtools");
});
