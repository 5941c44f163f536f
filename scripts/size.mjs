// What a bundle pays for each entry, dependencies included: bundled, minified, gzipped. Fails above the limits.
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const src = (path) => fileURLToPath(new URL(`../packages/${path}`, import.meta.url));

// The sources, so that what is measured is what is there, built or not.
const alias = {
  "@statestream/ag-ui/client": src("ag-ui/src/client.ts"),
  "@statestream/client": src("client/src/index.ts"),
  // As bundlers resolve it for production.
  "#development": src("client/src/production.ts"),
  "@statestream/core/patch": src("core/src/patch.ts"),
  "@statestream/core": src("core/src/index.ts"),
};

const bundles = [
  {
    name: "@statestream/client",
    code: 'import { createStateClient } from "@statestream/client"; createStateClient("/events");',
    limit: 8400,
  },
  {
    // What the methods for an application's own writes, `reached` and `optimistic`, cost those who only read: the rest.
    name: "@statestream/client without own writes",
    code: 'import { createStateClient } from "@statestream/client"; createStateClient("/events");',
    limit: 7500,
    replaced: {
      [src("client/src/writes.ts")]:
        "export class Writes { over = (state) => state; reach() {} close() {} get isWaiting() { return false; } }",
    },
  },
  {
    name: "createStateStream of @statestream/core",
    code: 'import { createStateStream } from "@statestream/core"; createStateStream({ initialState: {} });',
    // A server's bundle. Text that grows, rates and bookmarks take about 3,500 bytes of it.
    limit: 26_200,
    without: "fast-json-patch",
  },
  {
    name: "StateStreamAgent of @statestream/ag-ui/client, without @ag-ui/client",
    code: 'import { StateStreamAgent } from "@statestream/ag-ui/client"; new StateStreamAgent({ url: "/agent" });',
    limit: 4100,
    external: /^@ag-ui\//,
  },
];

const results = await Promise.all(bundles.map(measure));
if (results.some((fits) => !fits)) process.exit(1);

async function measure({ name, code, limit, without, external, replaced = {} }) {
  const entry = "entry";
  const bundle = await rolldown({
    input: entry,
    platform: "browser",
    external,
    resolve: { alias },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? code : replaced[id]),
      },
    ],
  });
  const { output } = await bundle.generate({ format: "es", minify: true });
  await bundle.close();
  const minified = output.map((chunk) => chunk.code).join("");
  const size = gzipSync(minified, { level: 9 }).length;
  const figure = `${name} with its dependencies: ${size} bytes gzipped (${minified.length} minified), limit ${limit}`;
  const carried = output.flatMap((chunk) => chunk.moduleIds ?? []).filter((id) => without && id.includes(without));
  if (size <= limit && carried.length === 0) {
    console.log(figure);
    return true;
  }
  console.error(carried.length > 0 ? `${figure}. Carries ${without}.` : `${figure}. Too large.`);
  return false;
}
