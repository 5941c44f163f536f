import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const directory = mkdtempSync(join(tmpdir(), "statestream-types-"));
const packages = fileURLToPath(new URL("../../", import.meta.url));
const tsc = createRequire(new URL("../../../package.json", import.meta.url))
  .resolve("typescript/package.json")
  .replace("package.json", "bin/tsc");

/** Outside the workspace: what "npm pack" makes of the packages, and the libraries of Redis. */
beforeAll(() => {
  const modules = join(directory, "node_modules");
  for (const scope of ["@statestream", "@types"]) mkdirSync(join(modules, scope), { recursive: true });
  const folders = ["core", "redis"].map((name) => join(packages, name));
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", directory, ...folders]);
  for (const file of readdirSync(directory).filter((entry) => entry.endsWith(".tgz"))) {
    const to = join(modules, "@statestream", /^statestream-(core|redis)-/.exec(file)?.[1] ?? file);
    mkdirSync(to);
    execFileSync("tar", ["-xzf", join(directory, file), "--strip-components=1", "-C", to]);
  }
  for (const name of ["redis", "ioredis", "iovalkey"])
    symlinkSync(join(packages, "redis/node_modules", name), join(modules, name));
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What the compiler says of a program, under the strictest options. */
async function compile(name: string, code: string, options: object): Promise<string> {
  const folder = join(directory, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "program.ts"), code);
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true };
  const compilerOptions = { ...strict, target: "es2023", module: "nodenext", types: [], ...options };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  const run = promisify(execFile)(process.execPath, [tsc, "-p", folder]);
  return (await run.catch((error: { stdout: string }) => error)).stdout;
}

test("the types of the packed package need no library of Redis and no types of Node", { timeout: 60_000 }, async () => {
  const code = `import { createRedisBackplane, type RedisClient } from "@statestream/redis";
    declare const redis: RedisClient;
    export const backplane = createRedisBackplane({ redis, prefix: "app" });`;
  expect(await compile("alone", code, { skipLibCheck: false, lib: ["es2023", "dom"] })).toBe("");
});

test("the types accept every client that works, and nothing that is refused", { timeout: 60_000 }, async () => {
  // The libraries themselves need the types of Node.
  symlinkSync(join(packages, "redis/node_modules/@types/node"), join(directory, "node_modules/@types/node"));
  const code = `import { createRedisBackplane } from "@statestream/redis";
    import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from "redis";
    import { Cluster, Redis } from "ioredis";
    import { Cluster as ValkeyCluster, Redis as Valkey } from "iovalkey";

    createRedisBackplane({ redis: createClient() });
    createRedisBackplane({ redis: createClient({ url: "redis://localhost", RESP: 2, database: 1 }) });
    createRedisBackplane({ redis: createClient().withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) });
    createRedisBackplane({ redis: createClient({ scripts: {}, modules: {} }) });
    createRedisBackplane({ redis: createSentinel({ name: "primary", sentinelRootNodes: [] }) });
    createRedisBackplane({ redis: createCluster({ rootNodes: [], defaults: { username: "app" } }) });
    createRedisBackplane({ redis: createCluster({ rootNodes: [], RESP: 2 }) });
    createRedisBackplane({ redis: new Redis() });
    createRedisBackplane({ redis: new Redis({ sentinels: [], name: "primary" }) });
    createRedisBackplane({ redis: new Cluster([]) });
    createRedisBackplane({ redis: new Redis.Cluster([]) });
    createRedisBackplane({ redis: new Valkey() });

    // @ts-expect-error
    createRedisBackplane({ redis: new ValkeyCluster([]) });
    // @ts-expect-error
    createRedisBackplane({ redis: createClientPool() });
    // @ts-expect-error
    createRedisBackplane({ redis: "redis://localhost" });
    // @ts-expect-error
    createRedisBackplane({ redis: createClient });
    // @ts-expect-error
    createRedisBackplane({ redis: new Redis().pipeline() });
    // @ts-expect-error
    createRedisBackplane({ redis: createClient().multi() });
    // @ts-expect-error
    createRedisBackplane({});`;
  expect(await compile("with-libraries", code, { skipLibCheck: true, types: ["node"] })).toBe("");
});
