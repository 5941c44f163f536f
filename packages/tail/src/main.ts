#!/usr/bin/env node
import { readArguments, USAGE } from "./arguments.ts";
import { tail } from "./tail.ts";

const { argv, stdout, stderr } = process;

const given = readArguments(argv.slice(2));
if (given === "help") {
  stdout.write(USAGE);
} else if (typeof given === "string") {
  stderr.write(`statestream-tail: ${given}\n\n${USAGE}`);
  process.exitCode = 2;
} else {
  const stopped = new AbortController();
  // By convention 128 and the signal's number, so that scripts see an interruption.
  process.once("SIGINT", () => stopped.abort(130));
  process.once("SIGTERM", () => stopped.abort(143));
  // `| head` closes the pipe once it has enough; that is no failure.
  stdout.on("error", () => stopped.abort(0));
  process.exitCode = await tail(given, { stdout, stderr, signal: stopped.signal });
}
