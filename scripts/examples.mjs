// Runs each example as somebody would who copies its folder: with the packages of a clean clone of the last commit, each packed by
// "npm pack" and installed from its file.
//
//   pnpm test:examples             (all, and every package is packed and looked at)
//   pnpm test:examples fastify
//   pnpm test:examples readme       (what the README says under "Try it")
//
// Ends with a status other than 0 when one of them does not stream, or does not stop.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { checkCopilotKit } from "./examples-copilotkit.mjs";
import { checkNextjs } from "./examples-nextjs.mjs";
import { checkReadme, readmePackages } from "./examples-readme.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const isChosen = (name) => process.argv.length < 3 || process.argv.slice(2).includes(name);
const examples = readdirSync(join(root, "examples")).filter(isChosen);
const withReadme = isChosen("readme");
const folder = mkdtempSync(join(tmpdir(), "statestream-examples-"));
/** Longer than a first start takes that bundles. */
const START_MS = 60_000;
const STOP_MS = 5_000;
/** What is checked of an example beyond its stream, by its name. */
const FURTHER = { nextjs: checkNextjs };
/** What is checked of an example that serves no stream of our own protocol. */
const INSTEAD = { copilotkit: checkCopilotKit };

const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const run = (cwd, program, ...args) =>
  execFileSync(program, args, { cwd, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });

/** The files that "npm pack" makes in a clean clone, by the name of the package. */
function pack(directories) {
  const clone = join(folder, "clone");
  run(root, "git", "clone", "--quiet", "--no-hardlinks", root, clone);
  return new Map(
    directories.map((directory) => {
      const [{ name, filename }] = JSON.parse(
        run(join(clone, "packages", directory), "npm", "pack", "--json", "--pack-destination", folder),
      );
      return [name, join(folder, filename)];
    }),
  );
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** Reads events until one is of this type, and gives its data. */
async function next(chunks, type) {
  for (let text = ""; ;) {
    const { done, value } = await chunks.next();
    if (done) throw new Error(`The stream ended before ${type}.`);
    text += value;
    const data = new RegExp(`event: ${type}\ndata: (.*)\n`).exec(text)?.[1];
    if (data !== undefined) return JSON.parse(data);
  }
}

/** The response of a server that may not listen yet. Not by `fetch`, which opens another socket when a response is dropped. */
async function answering(url) {
  const end = performance.now() + START_MS;
  for (;;) {
    const request = get(url, { agent: false });
    const response = await once(request, "response").then(
      ([answer]) => answer,
      () => undefined,
    );
    if (response?.statusCode === 200) return response.setEncoding("utf8");
    response?.destroy();
    if (performance.now() > end) throw new Error(`${url} does not answer.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Lets a client of an example see a change. */
async function checkStream(url) {
  const response = await answering(`${url}/events`);
  const chunks = response[Symbol.asyncIterator]();
  const { slices } = await next(chunks, "state.initial");
  if (slices.count !== 0) throw new Error(`It began with ${JSON.stringify(slices)}.`);
  const answer = await fetch(`${url}/increment`, { method: "POST" });
  if (!answer.ok) throw new Error(`POST /increment was answered ${answer.status}.`);
  const { value } = await next(chunks, "state.update");
  if (value !== 1) throw new Error(`The update says ${value}.`);
  response.destroy();
}

/** Starts an installed example, checks it, and stops it. */
async function check(name, directory) {
  const port = await freePort();
  const child = spawn("npm", ["start"], {
    cwd: directory,
    env: { ...process.env, PORT: String(port), CI: "true" },
    detached: true,
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on("line", (line) => output.push(line));
  const exit = once(child, "exit");
  try {
    const url = `http://127.0.0.1:${port}`;
    if (name in INSTEAD) {
      (await answering(url)).destroy();
      await INSTEAD[name](url);
    } else {
      await checkStream(url);
      await FURTHER[name]?.(url);
    }
    process.kill(-child.pid, "SIGINT");
    const stopped = await Promise.race([
      exit.then(() => true),
      new Promise((resolve) => setTimeout(resolve, STOP_MS, false)),
    ]);
    if (!stopped) throw new Error(`It did not stop within ${STOP_MS / 1000} s.`);
  } catch (error) {
    throw new Error(`${error.message}\n${output.slice(-20).join("\n")}`, { cause: error });
  } finally {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has stopped.
    }
  }
}

/** What an installation of a packed package would find wrong with it. */
function faultsOf(file) {
  const manifest = JSON.parse(run(folder, "tar", "-xOf", file, "package/package.json"));
  const files = new Set(run(folder, "tar", "-tf", file).split("\n"));
  const ranges = Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies });
  const entries = Object.values({ ...manifest.exports, ...manifest.imports, ...manifest.bin }).flatMap((entry) =>
    typeof entry === "string" ? [entry] : Object.values(entry),
  );
  return [
    ...ranges.filter(([, range]) => /^(?:workspace|catalog):/.test(range)).map((range) => range.join(" ")),
    ...entries.filter((entry) => !files.has(entry.replace(/^\./, "package"))).map((entry) => `${entry} is missing`),
  ];
}

const needed = new Set();
if (process.argv.length < 3) {
  for (const name of readdirSync(join(root, "packages"))) {
    if (read(join(root, "packages", name, "package.json")).private !== true) needed.add(name);
  }
}
if (withReadme) {
  for (const name of readmePackages)
    if (name.startsWith("@statestream/")) needed.add(name.slice("@statestream/".length));
}
for (const name of examples) {
  const { dependencies } = read(join(root, "examples", name, "package.json"));
  for (const dependency of Object.keys(dependencies)) {
    if (dependency.startsWith("@statestream/")) needed.add(dependency.slice("@statestream/".length));
  }
}
const packed = pack([...needed]);
console.log(`packed in a clean clone: ${[...packed.keys()].join(", ")}`);

let failures = 0;
for (const [name, file] of packed) {
  const faults = faultsOf(file);
  if (faults.length > 0) failures++;
  console.log(faults.length > 0 ? `FAILED  ${name}: ${faults.join(", ")}` : `ok  ${name} is packed`);
}
for (const name of examples) {
  const directory = join(folder, name);
  try {
    cpSync(join(root, "examples", name), directory, { recursive: true });
    const manifest = read(join(directory, "package.json"));
    for (const dependency of Object.keys(manifest.dependencies)) {
      const file = packed.get(dependency);
      if (file !== undefined) manifest.dependencies[dependency] = `file:${file}`;
    }
    writeFileSync(join(directory, "package.json"), JSON.stringify(manifest));
    run(directory, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error");
    run(directory, "npm", "run", "build", "--if-present");
    await check(name, directory);
    console.log(`ok  ${name}`);
  } catch (error) {
    failures++;
    console.error(`FAILED  ${name}: ${error.message}`);
  }
}
if (withReadme) {
  try {
    const seconds = await checkReadme(folder, packed, await freePort());
    console.log(`ok  README: from an empty folder to a live counter in ${seconds.toFixed(1)} s`);
  } catch (error) {
    failures++;
    console.error(`FAILED  README: ${error.message}`);
  }
}
rmSync(folder, { recursive: true, force: true });
console.log(`${examples.length + Number(withReadme) + packed.size - failures} passed, ${failures} failed`);
process.exit(failures > 0 ? 1 : 0);
