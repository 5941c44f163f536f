// What a page pays for @statestream/client, its dependencies included: bundled, minified, gzipped. Fails above the limit.
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const LIMIT = 6000;
const src = (path) => fileURLToPath(new URL(`../packages/${path}`, import.meta.url));

const page = "page";
const bundle = await rolldown({
  input: page,
  platform: "browser",
  // The sources, so that what is measured is what is there, built or not.
  resolve: {
    alias: {
      "@statestream/client": src("client/src/index.ts"),
      "@statestream/core/patch": src("core/src/patch.ts"),
    },
  },
  plugins: [
    {
      name: "page",
      resolveId: (id) => (id === page ? id : undefined),
      load: (id) =>
        id === page
          ? 'import { createStateClient } from "@statestream/client"; createStateClient("/events");'
          : undefined,
    },
  ],
});
const { output } = await bundle.generate({ format: "es", minify: true });
await bundle.close();

const minified = output.map((chunk) => chunk.code).join("");
const size = gzipSync(minified, { level: 9 }).length;
const figure = `@statestream/client with its dependencies: ${size} bytes gzipped (${minified.length} minified), limit ${LIMIT}`;
if (size > LIMIT) {
  console.error(`${figure}. Too large.`);
  process.exit(1);
}
console.log(figure);
