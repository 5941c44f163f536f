import { dataFrame, frame, typeOf } from "./frames.ts";
import { readFrames } from "./read-frames.ts";
import { responseOf } from "./response-of.ts";

/** The response to a run. Where its connection is lost, the run ends with RUN_ERROR instead. */
export function completed(response: Response, aborted: AbortSignal): Response {
  const type = response.headers.get("content-type") ?? "";
  if (!response.ok || response.body === null || !/^text\/event-stream\b/i.test(type)) return response;
  const left = new AbortController();
  const signal = AbortSignal.any([aborted, left.signal]);
  return responseOf(complete(response.body, signal), () => left.abort());
}

async function* complete(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<string> {
  let last: string | undefined;
  try {
    // A server of another make may send no heartbeats: silence means nothing until there has been one.
    for await (const { data } of readFrames(body, Infinity, signal)) {
      if (data === undefined) continue;
      last = data;
      yield dataFrame(data);
    }
  } catch {
    // It was lost. Not every loss is seen as one: a proxy may end the response instead.
  }
  if (last !== undefined && /^RUN_(FINISHED|ERROR)$/.test(typeOf(last))) return;
  const code = signal.aborted ? "abort" : "connection-lost";
  yield frame({ type: "RUN_ERROR", message: `The run was cut off: ${code}.`, code });
}
