import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { writeStateStream } from "../../src/http/node-response.ts";
import { answerRequest } from "../../src/http/request.ts";
import { setup } from "../support/streams.ts";
import { errorOf } from "../support/values.ts";

const request = { method: "GET", url: "/", lastEventId: undefined };
const store = { getState: () => ({ a: 1 }), subscribe: () => () => undefined, dispatch: () => undefined };

test.each<[string, unknown, string]>([
  ["a store", store, "It was given a store; make a stream of it once, at start: createStateStream({ source: store })."],
  ["nothing", undefined, "It was given undefined; check the order of the arguments"],
  ["null", null, "It was given null; check the order of the arguments"],
  ["the options", { slices: ["a"] }, "It was given an object of type Object; check the order"],
  ["a response", new ServerResponse(new IncomingMessage(new Socket())), "an object of type ServerResponse"],
])("%s in place of the stream throws at once, with what to do", (_name, stream, advice) => {
  const error = errorOf(() => answerRequest(stream as never, request));
  expect(error.code).toBe("invalid-option");
  expect(error.message).toContain("A response needs a state stream.");
  expect(error.message).toContain(advice);
});

test("an unknown option of streamState and of connect throws at once, naming those that there are", () => {
  const { stream } = setup({ a: 1 });
  const options = { slice: ["a"] } as object;
  expect(errorOf(() => answerRequest(stream, request, options)).message).toContain(
    'streamState has no option "slice". Its options are headers, slices, maxRateHz, revoked, expiresAt, context, onClose.',
  );
  expect(errorOf(() => stream.connect(options)).message).toContain('connect has no option "slice".');
  expect(stream.stats().connections).toBe(0);
});

test("a swapped request and response throw before anything is written", () => {
  const { stream } = setup({ a: 1 });
  const req = new IncomingMessage(new Socket());
  const res = new ServerResponse(req);
  const error = errorOf(() => writeStateStream(res as never, req as never, stream));
  expect([error.code, error.message]).toEqual([
    "invalid-option",
    "The first two arguments must be the request and the response. They are swapped: call it with (req, res, stream).",
  ]);
  expect(errorOf(() => writeStateStream(stream as never, req as never, res as never)).code).toBe("invalid-option");
  expect(errorOf(() => writeStateStream(undefined as never, null as never, stream)).message).toContain(
    "It was given undefined and null",
  );
  expect([res.headersSent, stream.stats().connections]).toEqual([false, 0]);
});
