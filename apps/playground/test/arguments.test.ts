import { expect, test } from "vitest";
import { parseArguments } from "../src/arguments.ts";

const DEFAULTS = { framework: "hono", port: 3000, host: "127.0.0.1" };

test.each([
  [[], {}],
  [["--framework", "koa"], { framework: "koa" }],
  [["--framework=express", "--port=0"], { framework: "express", port: 0 }],
  [["--", "--port", "4000"], { port: 4000 }],
  [["--host", "::1", "--port", "65535"], { host: "::1", port: 65_535 }],
  [["--port", "1", "--port", "2"], { port: 2 }],
])("takes %j", (argv, expected) => {
  expect(parseArguments(argv)).toEqual({ ...DEFAULTS, ...expected });
});

test.each([
  [["--framework", "fastify"], 'The option --framework is "fastify"; it must be one of hono, express, koa.'],
  [["--port", "http"], 'The option --port is "http"; it must be a number from 0 to 65535.'],
  [["--port", "65536"], 'The option --port is "65536"; it must be a number from 0 to 65535.'],
  [["--port", "1e3"], 'The option --port is "1e3"; it must be a number from 0 to 65535.'],
  [["--port=-1"], 'The option --port is "-1"; it must be a number from 0 to 65535.'],
  [["--port"], "The option --port needs a value. Usage: "],
  [["--port="], "The option --port needs a value. Usage: "],
  [["--verbose"], "Unknown option --verbose. Usage: "],
  [["--__proto__=1"], "Unknown option --__proto__. Usage: "],
  [["-p", "4000"], "Unknown option -p. Usage: "],
  [["koa"], 'Unexpected argument "koa". Usage: '],
  [["--", "--", "koa"], 'Unexpected argument "koa". Usage: '],
])("refuses %j in one line", (argv, message) => {
  expect(() => parseArguments(argv)).toThrow(message);
  expect(() => parseArguments(argv)).not.toThrow("\n");
});
