import { parseArgs } from "node:util";
import { type Framework, FRAMEWORKS } from "./frameworks.ts";

export interface Arguments {
  readonly framework: Framework;
  readonly port: number;
  readonly host: string;
}

const USAGE = "Usage: pnpm demo [--framework hono|express|koa] [--port 3000] [--host 127.0.0.1]";

/**
 * What the command line asks for.
 *
 * @throws {Error} whose message is one line for the person who typed it.
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const given = readOptions(argv, { framework: "hono", port: "3000", host: "127.0.0.1" }, USAGE);
  return { framework: frameworkOf(given.framework), port: portOf(given.port), host: given.host };
}

/**
 * The options on a command line, each with a value, over the ones that hold when they are not given.
 *
 * @throws {Error} whose message is one line for the person who typed it.
 */
export function readOptions<T extends Record<string, string>>(argv: readonly string[], defaults: T, usage: string): T {
  // pnpm passes the "--" of "pnpm demo -- --port 4000" on.
  const args = argv[0] === "--" ? argv.slice(1) : [...argv];
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: "string" } as const]));
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true });

  const given = { ...defaults };
  for (const token of tokens) {
    if (token.kind === "positional") throw new Error(`Unexpected argument ${JSON.stringify(token.value)}. ${usage}`);
    if (token.kind === "option-terminator") continue;
    const { name, rawName, value } = token;
    if (!Object.hasOwn(given, name)) throw new Error(`Unknown option ${rawName}. ${usage}`);
    if (!value) throw new Error(`The option ${rawName} needs a value. ${usage}`);
    Object.assign(given, { [name]: value });
  }
  return given;
}

function frameworkOf(name: string): Framework {
  const framework = FRAMEWORKS.find((known) => known === name);
  if (framework === undefined) {
    throw new Error(`The option --framework is ${JSON.stringify(name)}; it must be one of ${FRAMEWORKS.join(", ")}.`);
  }
  return framework;
}

/** @throws {Error} whose message is one line for the person who typed it. */
export function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new Error(`The option --port is ${JSON.stringify(text)}; it must be a number from 0 to 65535.`);
  }
  return port;
}
