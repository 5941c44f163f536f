import { readdirSync } from "node:fs";
import { defineConfig } from "oxlint";

const coreSrc = "packages/core/src";

// The rooms of packages/core/src. A file imports from its own room and from those named here, never from an entry.
const rooms = {
  support: [],
  json: ["support"],
  protocol: ["json", "support"],
  diff: ["protocol", "json", "support"],
  log: ["diff", "protocol", "json", "support"],
  delivery: ["log", "diff", "protocol", "json", "support"],
  state: ["delivery", "log", "diff", "protocol", "json", "support"],
  http: ["state", "delivery", "protocol", "support"],
  replication: ["state", "delivery", "log", "diff", "protocol", "json", "support"],
};

// Entries: each re-exports by name, and has no code of its own.
const entries = ["index", "node", "fetch", "redux", "patch", "backplane", "testing"];

// Files that are for Node only.
const nodeOnly = ["http/node-response", "http/response-writer", "http/queued-response", "http/chunked"];

const unplaced = readdirSync(new URL(coreSrc, import.meta.url)).filter(
  (name) => !(name in rooms) && !entries.includes(name.replace(/\.ts$/, "")),
);
if (unplaced.length > 0)
  throw new Error(`Give ${unplaced.join(", ")} a room of ${coreSrc}: see "rooms" in oxlint.config.mjs.`);

const imports = (...patterns) => ({ "no-restricted-imports": ["error", { patterns }] });
const withoutNode = {
  group: nodeOnly.map((name) => `**/${name.replace("http/", "")}.ts`),
  message: "Only the entry for Node may lead to files that are for Node.",
};
const only = (...allowed) => ["*", ...allowed.map((specifier) => `!${specifier}`)];

const coreRoom = ([room, below]) => ({
  files: [`${coreSrc}/${room}/**`],
  rules: imports(
    {
      group: only("./*", ...below.map((name) => `../${name}/*`), ...(room === "diff" ? ["fast-json-patch"] : [])),
      message: `${room}/ may import only ${["its own files", ...below.map((name) => `${name}/`)].join(", ")}.`,
    },
    withoutNode,
  ),
});

const nodeFile = (name) => ({
  files: [`${coreSrc}/${name}.ts`],
  rules: imports({
    group: only("./*", ...rooms.http.map((room) => `../${room}/*`), "node:*"),
    message: `${name}.ts may import only its room, those below, and node:.`,
  }),
});

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
    ...Object.entries(rooms).map(coreRoom),
    ...nodeOnly.map(nodeFile),
    {
      files: entries.filter((name) => name !== "node").map((name) => `${coreSrc}/${name}.ts`),
      rules: imports(withoutNode),
    },
    adapter("hono", "hono"),
    {
      // Runtimes without Node load all of these but the one that package.json names for Node.
      files: ["packages/hono/src/{index,write,no-node-response,bun-timeout}.ts"],
      rules: imports({
        group: only(
          "./write.ts",
          "./bun-timeout.ts",
          "#node-response",
          "@statestream/core",
          "@statestream/core/fetch",
          "hono",
          "hono/**",
        ),
        message: "Only node-response.ts may import what is Node's.",
      }),
    },
    adapter("express", "express"),
    {
      // Runtimes without Node load all of these but the one that package.json names for Node.
      files: ["packages/ag-ui/src/**"],
      rules: imports(
        { regex: "^node:", allowTypeImports: true, message: "An adapter takes types from node:, never code." },
        { regex: "^@ag-ui/core", allowTypeImports: true, message: "The server needs only types of @ag-ui/core." },
        {
          group: only("./*", "#write", "node:*", "@statestream/core", "@statestream/core/{fetch,patch}", "@ag-ui/core"),
          message: "Only write.ts may import what is Node's, and only the client's files @ag-ui/client.",
        },
      ),
    },
    {
      files: ["packages/ag-ui/src/write.ts"],
      rules: imports(
        { regex: "^node:", allowTypeImports: true, message: "An adapter takes types from node:, never code." },
        {
          group: only("./*", "node:*", "@statestream/core", "@statestream/core/node"),
          message: "Beside its neighbours, write.ts may import only @statestream/core.",
        },
      ),
    },
    {
      files: ["packages/ag-ui/src/{client,follow,completed,read-frames,response-of,open-entities,backoff}.ts"],
      rules: imports(
        { regex: "^@ag-ui/core", allowTypeImports: true, message: "Types are enough." },
        {
          group: only("./*", "@ag-ui/client", "@ag-ui/core", "eventsource-parser"),
          message: "The client's files may import only their neighbours, @ag-ui/client and eventsource-parser.",
        },
      ),
    },
    adapter("koa", "koa"),
    adapter("fastify", "fastify"),
    {
      files: ["packages/fastify/src/stream-payload.ts"],
      rules: imports({
        group: only("node:http", "node:stream", "@statestream/core"),
        message: "The payload is a stream of Node's, and needs nothing else.",
      }),
    },
    {
      files: ["packages/client/src/**"],
      rules: imports({
        group: only("./*", "#development", "@statestream/core", "@statestream/core/patch", "eventsource-parser"),
        message: "Beside its neighbours, the client may import only types of core, core/patch and eventsource-parser.",
      }),
    },
    {
      files: ["packages/redis/src/**"],
      rules: imports({
        group: only("./*", "./*/*", "../cluster/*", "node:*", "@statestream/core", "@statestream/core/*"),
        message:
          "Beside its neighbours, the Redis package may import only @statestream/core and node:, never a driver.",
      }),
    },
    {
      files: ["packages/redis/src/cluster/**"],
      rules: imports({
        group: only("./*", "@statestream/core", "@statestream/core/*"),
        message: "cluster/ knows nothing of Redis: it may import only its own files and @statestream/core.",
      }),
    },
    {
      files: ["packages/otel/src/**"],
      rules: imports({
        group: only("./*", "@statestream/core", "@opentelemetry/api", "node:diagnostics_channel"),
        message:
          "Beside its neighbours, the OpenTelemetry package may import only @statestream/core and @opentelemetry/api.",
      }),
    },
    {
      files: ["packages/devtools/src/**"],
      rules: imports({
        group: only(
          "./*",
          "../*",
          "./*/*",
          "../*/*",
          "./*/*/*",
          "@statestream/client",
          "@statestream/core",
          "preact",
          "preact/hooks",
        ),
        message: "The developer tools may import only their own files, types of the client and of core, and preact.",
      }),
    },
    {
      files: ["packages/vue/src/**"],
      rules: imports({
        group: only("./*", "@statestream/client", "vue"),
        message: "Beside its neighbours, the Vue package may import only @statestream/client and vue.",
      }),
    },
    {
      files: ["packages/svelte/src/**"],
      rules: imports({
        group: only("./*", "@statestream/client", "svelte/reactivity"),
        message: "Beside its neighbours, the Svelte package may import only @statestream/client and svelte/reactivity.",
      }),
    },
    {
      files: ["packages/solid/src/**"],
      rules: imports({
        group: only("./*", "@statestream/client", "solid-js"),
        message: "Beside its neighbours, the Solid package may import only @statestream/client and solid-js.",
      }),
    },
    {
      files: ["packages/tanstack-db/src/**"],
      rules: imports({
        group: only("./*", "@statestream/client", "@tanstack/db"),
        message: "Beside its neighbours, the TanStack DB package may import only @statestream/client and @tanstack/db.",
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
