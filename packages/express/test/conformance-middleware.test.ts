import type { ServerResponse } from "node:http";
import { deliveryCases, headersArrive, listen, type RequestDefaults } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { streamState } from "@statestream/express";
import compression from "compression";
import express, { type RequestHandler } from "express";
import express4 from "express4";

interface Front {
  readonly name: string;
  readonly use: readonly RequestHandler[];
  readonly defaults?: RequestDefaults;
  readonly headers?: Readonly<Record<string, RegExp>>;
}

const gzip = { headers: { "accept-encoding": "gzip" } };

/** What a proxy or another middleware may do to the header that keeps compression off. */
const allowTransform: RequestHandler = (_, res, next) => {
  const setHeader = res.setHeader.bind(res);
  res.setHeader = (name, value) => setHeader(name, name.toLowerCase() === "cache-control" ? "no-cache" : value);
  next();
};

/** Counts bytes, as tools that watch an application do. */
const watch: RequestHandler = (_, res, next) => {
  const write = res.write.bind(res) as (...args: unknown[]) => boolean;
  const end = res.end.bind(res) as (...args: unknown[]) => ServerResponse;
  let count = 0;
  res.write = (...args: unknown[]) => {
    count++;
    return write(...args);
  };
  (res as { end: unknown }).end = (...args: unknown[]) => {
    count++;
    return end(...args);
  };
  res.on("close", () => count.toString());
  next();
};

const permit: RequestHandler = (_, _res, next) => void setTimeout(next, 15);

const fronts: readonly Front[] = [
  {
    name: "compression",
    use: [compression({ threshold: 0 })],
    defaults: gzip,
    headers: { "cache-control": /no-transform/ },
  },
  {
    name: "compression that is forced on",
    use: [compression({ threshold: 0, filter: () => true }), allowTransform],
    defaults: gzip,
    headers: { "content-encoding": /^gzip$/ },
  },
  {
    name: "CORS, security headers, request ids and cookies",
    use: [
      (_, res, next) => {
        res.set({ "access-control-allow-origin": "*", "x-content-type-options": "nosniff", "x-request-id": "r-1" });
        res.cookie("first", "1").cookie("second", "2");
        next();
      },
    ],
    headers: {
      "access-control-allow-origin": /^\*$/,
      "x-content-type-options": /^nosniff$/,
      "x-request-id": /^r-1$/,
      "set-cookie": /^first=1.*, second=2/,
    },
  },
  {
    name: "body parsers, for POST",
    use: [express.json(), express.urlencoded({ extended: false })],
    defaults: { method: "POST", headers: { "content-type": "application/json" }, body: '{"room":1}' },
  },
  { name: "permission that takes time", use: [permit] },
  { name: "a watched write", use: [watch] },
  { name: "all of it", use: [watch, compression(), permit, express.json()], defaults: gzip },
];

for (const { name, use, defaults = {}, headers = {} } of fronts) {
  const cases = [...deliveryCases, headersArrive(headers)];
  describeAdapter(
    `express 5 behind ${name}`,
    (stream, options) =>
      listen(
        express()
          .use(...use)
          .all("/events", (req, res) => void streamState(req, res, stream, options)),
      ),
    { cases, defaults },
  );
  describeAdapter(
    `express 4 behind ${name}`,
    (stream, options) =>
      listen(
        express4()
          .use(...(use as never as Parameters<ReturnType<typeof express4>["use"]>))
          .all("/events", (req, res) => void streamState(req, res, stream, options)),
      ),
    { cases, defaults },
  );
}
