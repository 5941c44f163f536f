import { invalidOption } from "../support/errors.ts";

/**
 * Checks that an adapter was given a stream: without this, a store in its place is found out only after the response has
 * begun.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function checkStream(stream: unknown): void {
  if (has(stream, "connect") && has(stream, "close")) return;
  const advice =
    has(stream, "getState") && has(stream, "subscribe")
      ? "It was given a store; make a stream of it once, at start: createStateStream({ source: store })."
      : `It was given ${describe(stream)}; check the order of the arguments, and create the stream with createStateStream.`;
  throw invalidOption(`A response needs a state stream. ${advice}`);
}

/**
 * Checks the order of a Node request and its response.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function checkRequestAndResponse(req: unknown, res: unknown): void {
  if (!has(req, "setHeader") && has(res, "setHeader")) return;
  const swapped = has(req, "setHeader") && !has(res, "setHeader");
  const given = swapped ? "They are swapped" : `It was given ${describe(req)} and ${describe(res)}`;
  throw invalidOption(
    `The first two arguments must be the request and the response. ${given}: call it with (req, res, stream).`,
  );
}

function has(value: unknown, method: string): boolean {
  return typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function";
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value === null ? null : typeof value);
  const name = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === "string" && name !== "" ? `an object of type ${name}` : "an object";
}
