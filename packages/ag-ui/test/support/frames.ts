import { enforceEvents, HttpAgent, verifyEvents } from "@ag-ui/client";
import type { RunAgentInput } from "@ag-ui/core";
import { EventSchemas } from "@ag-ui/core/schemas";
import { expect } from "vitest";

/** A frame as it was sent. */
export interface Frame {
  readonly event: Record<string, unknown> & { readonly type: string };
  readonly id: string | undefined;
}

/** The frames of a text, each checked against the schemas of AG-UI; comments are left out. */
export function framesOf(text: string): Frame[] {
  return text
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: "))
    .map((frame) => {
      const [data = "", id] = frame.split("\n");
      const event = JSON.parse(data.slice("data: ".length)) as Frame["event"];
      expect(EventSchemas.parse(event)).toBeTruthy();
      return { event, id: id?.slice("id: ".length) };
    });
}

/** The frames of a response that may have been cut off, once the client of AG-UI has found nothing wrong with their order. */
export async function framesOfResponse(text: string): Promise<Frame[]> {
  const whole = text.slice(0, text.lastIndexOf("\n\n") + 2);
  const headers = { "content-type": "text/event-stream" };
  const agent = new HttpAgent({ url: "", fetch: async () => new Response(whole, { headers }) });
  const events = agent.run(JSON.parse(inputOf()) as RunAgentInput);
  await new Promise<void>((complete, error) => {
    verifyEvents()(enforceEvents()(events)).subscribe({ complete, error });
  });
  return framesOf(whole);
}

export function typesOf(frames: readonly Frame[]): string[] {
  return frames.map(({ event }) => event.type);
}

/** The body of a request for a run. */
export function inputOf(more: object = {}): string {
  return JSON.stringify({ threadId: "t1", runId: "r1", messages: [], tools: [], context: [], state: {}, ...more });
}

export function post(body: string, headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/agent", { method: "POST", body, headers });
}

/** Reads frames of a response as they arrive. */
export class Reader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(response: Response) {
    this.#reader = (response.body as ReadableStream<Uint8Array>).getReader();
  }

  /** Everything up to the first frame that fulfils a condition. */
  async until(isLast: (frame: Frame) => boolean): Promise<Frame[]> {
    for (;;) {
      const end = this.#text.lastIndexOf("\n\n") + 2;
      const frames = framesOf(this.#text.slice(0, end));
      if (end > 1 && frames.some(isLast)) {
        this.#text = this.#text.slice(end);
        return frames;
      }
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`The response ended after ${this.#text}`);
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

export const isType =
  (type: string) =>
  ({ event }: Frame): boolean =>
    event.type === type;
