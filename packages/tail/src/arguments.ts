import { parseArgs } from "node:util";

export interface TailOptions {
  readonly url: URL;
  readonly slices: readonly string[] | undefined;
  readonly patches: boolean;
  readonly json: boolean;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export const USAGE = `Usage: npx @statestream/tail <url> [options]

Follows a state stream: prints its state, then what changes. Reconnects and resumes by itself.

  --slices a,b             these slices only
  --patches                operations as they arrive, instead of new values
  --json                   one event a line, as JSON with its id, for jq
  --headers 'name: value'  a request header; repeat it for more
  --help

Colours only on a terminal, and not where NO_COLOR is set. What is not data goes to standard error.
Exit codes: 0 the server ended the stream for good, 1 it refuses, or sends no stream that can be followed, 2 wrong
arguments, 130 interrupted, 143 terminated.
`;

/** The options, or `help`, or what is wrong with the arguments. */
export function readArguments(args: readonly string[]): TailOptions | string {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        slices: { type: "string" },
        patches: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        headers: { type: "string", multiple: true, default: [] },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return (error as Error).message;
  }
  const { values, positionals } = parsed;
  if (values.help) return "help";
  const [address, ...more] = positionals;
  if (address === undefined) return "The URL of a stream is missing.";
  if (more.length > 0) return `Expected one URL, got ${positionals.length}: ${positionals.join(" ")}`;
  if (values.patches && values.json) return "--json prints every event whole: leave --patches out.";

  const url = urlOf(address);
  if (url === undefined) return `Not an http or https URL: ${address}`;
  const headers: (readonly [string, string])[] = [];
  for (const header of values.headers) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(header) ?? [];
    if (name === undefined || value === undefined) return `Not a header of the form 'name: value': ${header}`;
    try {
      new Headers([[name, value]]);
    } catch {
      return `Not a valid header: ${header}`;
    }
    headers.push([name, value]);
  }
  const slices = values.slices?.split(",").filter((name) => name !== "");
  return { url, slices, patches: values.patches, json: values.json, headers };
}

/** `localhost:3000/events` is what people type, and what URL takes for a scheme. */
function urlOf(address: string): URL | undefined {
  const whole = address.includes("://") ? address : `http://${address}`;
  if (!URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
}
