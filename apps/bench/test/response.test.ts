import { expect, test } from "vitest";
import { ResponseReader } from "../src/clients/response.ts";

/** The body of a response that comes in pieces of a size. */
function bodyOf(text: string, size: number): { status: number; body: string; bodyBytes: number } {
  let body = "";
  const response = new ResponseReader((bytes) => (body += bytes.toString("latin1")));
  for (let at = 0; at < text.length; at += size) response.take(Buffer.from(text.slice(at, at + size), "latin1"));
  return { status: response.status, body, bodyBytes: response.bodyBytes };
}

const chunked =
  "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n" +
  "6\r\nab\r\ncd\r\nA\r\n0123456789\r\n1c\r\nabcdefghijklmnopqrstuvwxyz\n\n\r\n0\r\n\r\n";

test.each([1, 2, 3, 5, 1000])("takes chunks apart, in pieces of %i bytes", (size) => {
  const body = "ab\r\ncd0123456789abcdefghijklmnopqrstuvwxyz\n\n";
  expect(bodyOf(chunked, size)).toEqual({ status: 200, body, bodyBytes: body.length });
});

test.each([1, 1000])("gives a body without chunks as it is, in pieces of %i bytes", (size) => {
  const { status, body } = bodyOf("HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\n3\r\nabc\r\n", size);
  expect({ status, body }).toEqual({ status: 404, body: "3\r\nabc\r\n" });
});
