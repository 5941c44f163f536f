import { readdirSync } from "node:fs";
import { defineConfig } from "oxlint";

// The files of packages/core/src in the order in which a change flows through them. A file imports only from those above it.
const flow = [
  "errors",
  "events",
  "warn",
  "json",
  "json-text",
  "operations",
  "clock",
  "source",
  "redux",
  "patch-writer",
  "row-equal",
  "row-range",
  "row-order",
  "row-ids",
  "edit-runs",
  "rows",
  "structural-differ",
  "differ",
  "slices",
  "options",
  "event-id",
  "frame",
  "log",
  "commit",
  "checkpoint",
  "selection",
  "connection",
  "state-connection",
  "hub",
  "turn",
  "publisher",
  "state-stream",
  "published-stream",
  "writable-stream",
  "source-stream",
  "followed-stream",
  "request",
  "create",
  "backplane",
  "index",
  "chunked",
  "response-writer",
  "node",
  "patch",
  "testing",
];

// Those that are for Node only.
const nodeOnly = ["chunked", "response-writer", "node"];

const coreSrc = "packages/core/src";
const unplaced = readdirSync(new URL(coreSrc, import.meta.url)).filter(
  (file) => !flow.includes(file.replace(/\.ts$/, "")),
);
if (unplaced.length > 0)
  throw new Error(`Give ${unplaced.join(", ")} a place in the order of ${coreSrc}: see "flow" in oxlint.config.mjs`);

const imports = (...patterns) => ({ "no-restricted-imports": ["error", { patterns }] });
const only = (...allowed) => ["*", ...allowed.map((specifier) => `!${specifier}`)];

const coreFile = (name, position) => {
  const outside = nodeOnly.includes(name) ? "node:*" : "fast-json-patch";
  return {
    files: [`${coreSrc}/${name}.ts`],
    rules: imports(
      {
        regex: `^\\./(index|${flow.slice(position).join("|")})\\.ts$`,
        message: `${name}.ts may import only files that come before it in oxlint.config.mjs, and never index.ts.`,
      },
      { group: only("./*", outside), message: `Beside its neighbours, ${name}.ts may import only ${outside}.` },
    ),
  };
};

const adapter = (name, framework) => ({
  files: [`packages/${name}/src/**`],
  rules: imports(
    { regex: "^node:", allowTypeImports: true, message: "An adapter takes types from node:, never code." },
    {
      group: only("./*", "node:*", "@statestream/core", "@statestream/core/*", framework, `${framework}/**`),
      message: `Beside its neighbours, the ${name} adapter may import only @statestream/core and ${framework}.`,
    },
  ),
});

export default defineConfig({
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: "error" },
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "promise", "node", "vitest"],
  categories: { correctness: "error" },
  rules: {
    eqeqeq: "error",
    "import/no-cycle": "error",
    "typescript/consistent-type-imports": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-unnecessary-type-assertion": "error",
    "typescript/only-throw-error": "error",
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    // A loop over [...set] walks a copy, because its body changes the set.
    "unicorn/no-useless-spread": "off",
    "unicorn/prefer-node-protocol": "error",
    // Tests assert through helpers and fast-check too, where these see no expect() or one in the wrong place.
    "vitest/expect-expect": "off",
    "vitest/no-conditional-expect": "off",
    "vitest/no-standalone-expect": "off",
  },
  overrides: [
    {
      files: ["packages/*/src/**"],
      rules: {
        "import/no-default-export": "error",
        "no-console": "error",
        "oxc/no-barrel-file": ["error", { threshold: 0 }],
      },
    },
    {
      // Where tests are made from cases: titles are the cases', and some tests are expected to fail.
      files: ["packages/conformance/src/vitest.ts"],
      rules: { "vitest/no-conditional-tests": "off", "vitest/valid-title": "off" },
    },
    ...flow.map(coreFile),
    adapter("hono", "hono"),
    adapter("express", "express"),
    adapter("koa", "koa"),
    {
      files: ["packages/client/src/**"],
      rules: imports({
        group: only("./*", "@statestream/core", "@statestream/core/patch", "eventsource-parser"),
        message: "Beside its neighbours, the client may import only types of core, core/patch and eventsource-parser.",
      }),
    },
    {
      files: ["packages/redis/src/**"],
      rules: imports({
        group: only("./*", "node:*", "@statestream/core", "@statestream/core/*"),
        message:
          "Beside its neighbours, the Redis package may import only @statestream/core and node:, never a driver.",
      }),
    },
    {
      files: ["packages/react/src/**"],
      rules: imports({
        group: only("./*", "@statestream/client", "react"),
        message: "Beside its neighbours, the React package may import only @statestream/client and react.",
      }),
    },
  ],
});
