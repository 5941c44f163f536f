import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const packagesDir = fileURLToPath(new URL("packages/", import.meta.url));
const appsDir = fileURLToPath(new URL("apps/", import.meta.url));

// Projects whose tests are about sockets and real time. In CI, on a machine that others may load, a test of theirs that
// fails runs once more, and the summary names it as flaky. Properties and models with random seeds are not among them, or say
// so by themselves: a seed that fails must never be run away from.
const OVER_SOCKETS = new Set([
  "browser",
  "conformance",
  "devtools",
  "examples",
  "express",
  "fastify",
  "hono",
  "koa",
  "middle-boxes",
  "playground",
  "redis",
]);
const retriesOf = (project: string): { retry?: number } =>
  process.env["CI"] !== undefined && OVER_SOCKETS.has(project) ? { retry: 1 } : {};

export default defineConfig({
  resolve: {
    // Tests read the sources of every package, so that there is one copy of each module and coverage counts all of them.
    alias: [
      { find: "#development", replacement: `${packagesDir}client/src/environment.ts` },
      { find: "#write", replacement: `${packagesDir}ag-ui/src/write.ts` },
      { find: "#node-response", replacement: `${packagesDir}hono/src/node-response.ts` },
      { find: /^@statestream\/([^/]+)$/, replacement: `${packagesDir}$1/src/index.ts` },
      { find: /^@statestream\/([^/]+)\/(.+)$/, replacement: `${packagesDir}$1/src/$2.ts` },
    ],
  },
  test: {
    projects: [
      ...[packagesDir, appsDir].flatMap((dir) =>
        readdirSync(dir).map((name) => ({
          extends: true as const,
          root: `${dir}${name}`,
          test: { name, include: ["test/**/*.test.ts"], ...retriesOf(name) },
        })),
      ),
      {
        // The tests of the React package once more, on the React that is installed in this directory.
        extends: true as const,
        root: `${packagesDir}react/test/react18`,
        resolve: { dedupe: ["react", "react-dom", "@testing-library/react"] },
        test: { name: "react18", dir: `${packagesDir}react/test`, include: ["**/*.test.ts"], env: { REACT: "18" } },
      },
      {
        // The React package with Preact's own copy of React's API.
        extends: true as const,
        root: `${packagesDir}react/test/preact`,
        resolve: {
          alias: [
            { find: "@testing-library/react", replacement: "preact/test-utils" },
            { find: "react-dom/server", replacement: "preact/compat/server" },
            { find: "react-dom/client", replacement: "preact/compat/client" },
            { find: /^react(-dom)?$/, replacement: "preact/compat" },
          ],
          dedupe: ["preact", "preact-render-to-string"],
        },
        test: { name: "preact", dir: `${packagesDir}react/test`, include: ["front-end.test.ts"] },
      },
      {
        // In a real browser, where there is one.
        extends: true as const,
        root: `${appsDir}playground`,
        test: {
          name: "browser",
          ...retriesOf("browser"),
          include: ["test/browser/*.browser.ts"],
          globalSetup: `${appsDir}playground/test/browser/setup.ts`,
          testTimeout: 40_000,
          expect: { poll: { timeout: 10_000 } },
        },
      },
    ],
    reporters: ["default", "./scripts/summary-reporter.ts"],
    coverage: { include: ["packages/core/src/**/*.ts"] },
  },
});
