// Runs the tests that depend on the version of Node, the response writer's and core's, on other Node lines than this one:
//
//   pnpm test:nodes            (default: 22 24 26; needs no build; the npm package "node" brings the binaries)
//   pnpm test:nodes 26
//
// Ends with a status other than 0 when tests fail on one of them. The response writer reads private fields of Node's
// responses, so each line has to show that it takes the socket rightly, or falls back.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const LINES = ["22", "24", "26"];

/** The suite that tests the conformance suite itself is long, and says nothing about Node. */
const SUITES = ["core", "hono", "express", "koa", "fastify", "conformance"].flatMap((project) => [
  "--project",
  project,
]);
const WITHOUT = ["--exclude", "**/broken.test.ts"];

const own = process.versions.node.split(".")[0];
const lines = process.argv.length > 2 ? process.argv.slice(2) : LINES.filter((line) => line !== own);
const root = fileURLToPath(new URL("..", import.meta.url));

const failed = lines.filter((line) => {
  console.log(`\nNode ${line}`);
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter", "dot", ...SUITES, ...WITHOUT];
  const run = spawnSync("npx", ["--yes", "--package", `node@${line}`, "--", "node", ...vitest], {
    cwd: root,
    stdio: "inherit",
  });
  return run.status !== 0;
});

if (failed.length > 0) {
  console.error(`\nTests failed on Node ${failed.join(", ")}.`);
  process.exit(1);
}
